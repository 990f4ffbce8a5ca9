Configuration: file, environment, flags; what is in force and where from.

  $ tenon config | head -n 4
  key                         value           source
  data                        ./data          default
  listen                      127.0.0.1:<port>  default
  store                       sqlite          default
  $ cat > tenon.toml <<'END'
  > data = "kept"
  > [limits]
  > body_bytes = "1MiB"
  > END
  $ tenon config | grep -E '^(data|listen|limits.body_bytes) '
  data                        kept            tenon.toml:1
  listen                      127.0.0.1:<port>  default
  limits.body_bytes           1048576         tenon.toml:3
  $ TENON_LISTEN=127.0.0.1:1 TENON_LIMITS_BODY_BYTES=5kB tenon config | grep -E '^(data|listen|limits.body_bytes) '
  data                        kept          tenon.toml:1
  listen                      127.0.0.1:1   TENON_LISTEN
  limits.body_bytes           5000          TENON_LIMITS_BODY_BYTES
  $ tenon config --data ./x -o ndjson | head -n 1
  {"key":"data","value":"./x","source":"flag"}
  $ ENCRYPTION_KEY=$(printf 'a%.0s' $(seq 64)) tenon config | grep encr
  encryption_key              ****            ENCRYPTION_KEY
  encryption_key_previous                     default
  $ cat >> tenon.toml <<'END'
  > bodybytes = 1
  > connections = "many"
  > [lgo]
  > level = 1
  > END
  $ tenon config
  error: the configuration is wrong
    tenon.toml:6: 'lgo' is no setting; tenon config lists them
    tenon.toml:4: 'limits.bodybytes' is no setting; did you mean limits.body_bytes?
    tenon.toml:5: limits.connections is a whole number from 1 to 1000000, not 'many'
  [2]
  $ echo 'a = = 1' > tenon.toml; tenon config
  error: the configuration is wrong
    tenon.toml:1: Error while parsing value: could not determine value type
  [2]
  $ rm tenon.toml
  $ tenon config --config missing.toml
  error: the configuration is wrong
    missing.toml: there is no such configuration file
  [2]
  $ TENON_LISTEM=x tenon config | tail -n 1
  warning: TENON_LISTEM is no setting and is not used; did you mean TENON_LISTEN?
  log.access                  false           default
  $ start --set limits.body_bytes=2000
  $ head -c 3000 /dev/zero | tr '\0' x > big; call POST /v1/tags -H 'Content-Type: application/json' --data-binary @big
  {"type":"urn:tenon:problem:too-large","title":"Too large","status":413,"code":"too-large","detail":"the body is larger than <size>"}
  413
  $ TENON_LISTEM=x tenon serve --listen nonsense
  <time> warning TENON_LISTEM is no setting and is not used; did you mean TENON_LISTEN?
  error: cannot listen on nonsense: Host not found (authoritative)
  [2]
  $ stop
