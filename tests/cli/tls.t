TLS by the command line.

  $ openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
  $ tenon serve --listen 127.0.0.1:0 --tls-certificate cert.pem --tls-key missing.pem
  error: cannot use missing.pem as the TLS key: No such file or directory
  [2]
  $ echo nonsense > bad.pem; tenon serve --listen 127.0.0.1:0 --tls-certificate bad.pem --tls-key key.pem
  error: cannot use bad.pem as the TLS certificate: no start line (PEM routines)
  [2]
  $ openssl genpkey -algorithm ed25519 -out other.pem; tenon serve --listen 127.0.0.1:0 --tls-certificate cert.pem --tls-key other.pem
  error: the TLS key other.pem is not the one of cert.pem
  [2]
  $ start --tls-certificate cert.pem --tls-key key.pem
  $ echo ${TENON_URL%:*}
  https://127.0.0.1
  $ tenon create tags name=x category=y
  error: cannot reach https://127.0.0.1:<port>: its certificate is not trusted: self-signed certificate
  [10]
  $ tenon create tags name=x category=y --insecure
  <uuid>
  Tag created
  $ tenon list tags --fields name --ca-file cert.pem
  name
  x
  $ tenon list tags --ca-file missing.pem
  error: cannot reach https://127.0.0.1:<port>: cannot read the certificates of missing.pem: no such file or directory
  [10]
  $ tenon list tags --url http://${TENON_URL#https://}
  error: this port speaks TLS: the URL begins with https://
  [2]
  $ tenon login --ca-file cert.pem --key-file data/admin.key
  logged in to https://127.0.0.1:<port> as context default: tenant default, roles ["system"]
  $ curl -s --cacert cert.pem $TENON_URL/livez
  ok
  $ tenon watch --from beginning --limit 1 --ca-file cert.pem
  <time>  User <uuid>  CREATE  name=Tenon itself
  $ stop
