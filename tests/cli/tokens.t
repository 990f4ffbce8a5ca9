JSON Web Tokens of an identity provider, whose keys are fetched by URL.

  $ cat > idp.py <<'END'
  > """A key server, and tokens signed by its keys: idp.py serve | key NAME | token KEY CLAIMS."""
  > import base64, http.server, json, subprocess, sys, time
  > def text(data): return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
  > def run(*command, **more): return subprocess.run(command, check=True, capture_output=True, **more).stdout
  > if sys.argv[1] == "key":
  >     name = sys.argv[2]
  >     run("openssl", "genrsa", "-out", name + ".pem", "2048")
  >     modulus = run("openssl", "rsa", "-in", name + ".pem", "-noout", "-modulus").decode().strip()[8:]
  >     keys = [{"kty": "RSA", "kid": name, "alg": "RS256", "use": "sig", "e": "AQAB", "n": text(bytes.fromhex(modulus))}]
  >     json.dump({"keys": keys}, open("jwks.json", "w"))
  > elif sys.argv[1] == "token":
  >     name, now = sys.argv[2], int(time.time())
  >     claims = {"iss": "https://id.example.com", "aud": "tenon", "sub": "ada", "iat": now, "exp": now + 600, "tenant": "default"}
  >     claims.update(json.loads(sys.argv[3]))
  >     signed = text(json.dumps({"alg": "RS256", "typ": "JWT", "kid": name}).encode()) + "." + text(json.dumps(claims).encode())
  >     print(signed + "." + text(run("openssl", "dgst", "-sha256", "-sign", name + ".pem", input=signed.encode())))
  > else:
  >     server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
  >     print(server.server_port, file=open("port", "w"), flush=True)
  >     server.serve_forever()
  > END
  $ python3 idp.py serve > /dev/null 2> requests &
  $ until_line . port; jwks=http://127.0.0.1:$(cat port)/jwks.json
  $ export TENON_JWT_ISSUER=https://id.example.com TENON_JWT_AUDIENCE=tenon TENON_JWT_GROUP_ROLES=platform=admin
  $ TENON_JWT_JWKS_URL=ftp://x tenon config | tail -1
  error: the configuration is wrong
    TENON_JWT_JWKS_URL: jwt.jwks_url begins with https:// or http://
  $ TENON_JWT_JWKS_URL=$jwks TENON_JWT_JWKS_FILE=x tenon config | tail -1
  error: the configuration is wrong
    TENON_JWT_JWKS_URL: give jwt.jwks_file or jwt.jwks_url, not both

A provider that is not there yet does not keep the server from starting.

  $ start --set jwt.jwks_url=$jwks --set jwt.create_users=true
  $ grep warn server.log
  <time> warning the keys of tokens cannot be fetched: GET http://127.0.0.1:<port>/jwks.json: status 404
  $ python3 idp.py key first
  $ token=$(python3 idp.py token first '{"groups": ["platform"], "email": "ada@example.com", "name": "Ada"}')
  $ tenon list tags --key $token
  no rows
  $ tenon create tags name=byada category=x --key $token
  <uuid>
  Tag created

Keys are asked for once; a token signed by another, for another audience or run out is refused.

  $ tenon list tags --key $(python3 idp.py token first '{"aud": "other"}')
  error: the token is for another audience (aud)
  hint: the key was not accepted; list keys with tenon keys list under a valid one, or log in again: tenon login
  [4]
  $ tenon list tags --key $(python3 idp.py token first '{"exp": 1000}')
  error: the token has expired (exp)
  hint: the key was not accepted; list keys with tenon keys list under a valid one, or log in again: tenon login
  [4]
  $ cp first.pem forged.pem; tenon list tags --key $(python3 idp.py token forged '{}')
  error: the token is signed with a key or an algorithm that is not accepted here
  hint: the key was not accepted; list keys with tenon keys list under a valid one, or log in again: tenon login
  [4]
  $ tenon list tags --fields name --key $token
  name
  byada
  $ stop
