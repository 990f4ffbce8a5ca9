Keys, tenants, contexts.

  $ tenon context current
  context
  url       http://127.0.0.1:<port>
  tenant
  key_from
  $ tenon context list
  no contexts; tenon login saves one
  $ start
  $ unset TENON_API_KEY
  $ tenon login --key-file data/admin.key
  logged in to http://127.0.0.1:<port> as context default: tenant default, roles ["system"]
  $ stat -c '%a' ~/.config/tenon/contexts.toml
  600
  $ tenon context current
  context   default
  url       http://127.0.0.1:<port>
  tenant
  key_from
  $ server_url=$TENON_URL; unset TENON_URL
  $ tenon list tags
  no rows
  $ tenon login bad --url $server_url <<< tnn_nonsense
  error: the API key is not known, has expired or was revoked
  [4]
  $ tenon login empty --url $server_url < /dev/null
  error: there is no key; give it on standard input, with --key-file or with --key
  [2]
  $ tenon login second --url $server_url --tenant default < data/admin.key
  logged in to http://127.0.0.1:<port> as context second: tenant default, roles ["system"]
  $ tenon context list
  current  name     url                     tenant   key
           default  http://127.0.0.1:<port>           tnn_<prefix>...
  *        second   http://127.0.0.1:<port>  default  tnn_<prefix>...
  $ tenon context list -o json
  [
    {
      "current": "",
      "name": "default",
      "url": "http://127.0.0.1:<port>",
      "tenant": "",
      "key": "tnn_<prefix>..."
    },
    {
      "current": "*",
      "name": "second",
      "url": "http://127.0.0.1:<port>",
      "tenant": "default",
      "key": "tnn_<prefix>..."
    }
  ]
  $ tenon context use default
  using default: http://127.0.0.1:<port>
  $ tenon context use nowhere
  error: there is no context 'nowhere'; tenon context list shows them
  [6]
  $ tenon context remove second
  removed second
  $ tenon context remove second
  error: there is no context 'second'; tenon context list shows them
  [6]
  $ tenon context current
  context   default
  url       http://127.0.0.1:<port>
  tenant
  key_from  context default
  $ tenon list tags --context second
  error: there is no context 'second'; tenon context list shows them
  [6]
  $ tenon context remove default
  removed default
  $ tenon context list
  no contexts; tenon login saves one
  $ export TENON_URL=$server_url TENON_API_KEY=$(cat data/admin.key)

  $ tenon keys create ci --roles writer --expires 90d
  <key>
  this is the only time that the key is shown; its id is <uuid>
  $ ci=$(tenon -q keys create ci2 --roles writer,operator)
  $ tenon keys list
  id                                    name   prefix    roles             created_at           expires_at           last_used_at         revoked_at
  <uuid>  ci2    <*>  writer, operator  <time>  -                    -                    -
  <uuid>  ci     <*>  writer            <time>  <time>  -                    -
  <uuid>  admin  <*>  system            <time>  -                    <time>  -
  $ tenon create tags name=x category=y --key $ci
  <uuid>
  Tag created
  $ tenon keys rotate ${ci:0:12} --expires 10d > rotated
  this is the only time that the key is shown; its id is <uuid>
  $ cat rotated
  <key>
  $ tenon list tags --key $ci
  error: the API key is not known, has expired or was revoked
  hint: the key was not accepted; list keys with tenon keys list under a valid one, or log in again: tenon login
  [4]
  $ tenon list tags --key $(head -n 1 rotated) --fields name
  name
  x
  $ tenon keys revoke $(head -c 12 rotated)
  key <uuid> is refused from now on
  $ tenon list tags --key $(head -n 1 rotated)
  error: the API key is not known, has expired or was revoked
  hint: the key was not accepted; list keys with tenon keys list under a valid one, or log in again: tenon login
  [4]
  $ tenon keys revoke $(head -c 12 rotated)
  key <uuid> was revoked before
  $ tenon keys list
  id                                    name   prefix    roles   created_at           expires_at           last_used_at         revoked_at
  <uuid>  ci     <*>  writer  <time>  <time>  -                    -
  <uuid>  admin  <*>  system  <time>  -                    <time>  -
  $ tenon keys list --all | wc -l
  5
  $ tenon keys revoke nothing1
  error: there is no key with the id or prefix nothing1
  [6]
  $ tenon keys create x --roles king
  error: roles must name reader, writer, operator, approver, admin or system
  [3]
  $ tenon keys create x --expires never
  error: --expires takes a duration such as 90d or a time such as <time>, not 'never'
  [2]
  $ tenon keys create x --expires 2001-01-01T00:00:00Z
  error: expires_at must be in the future
  [3]
  $ tenon keys create x --user nobody@example.com
  error: there is no user with the e-mail address nobody@example.com
  [6]
  $ tenon keys create
  error: NAME is missing: what the key is for; see tenon keys create --help
  [2]
  $ tenon keys rotate nothing1 --overlap 99d
  error: there is no key with the id or prefix nothing1
  [6]

Another tenant sees nothing of the first.

  $ tenon create tenants name=Acme
  <uuid>
  Tenant created
  $ tenon --tenant acme create users email=ci@acme.example name=CI kind=service 'roles=["writer"]'
  <uuid>
  User created
  $ acme=$(tenon -q --tenant acme keys create ci --user ci@acme.example --roles writer)
  $ tag=$(tenon -q list tags --fields id -o ndjson | cut -d '"' -f 4)
  $ tenon get tags $tag --key $acme
  error: there is no tags <uuid>
  [6]
  $ tenon list tags --key $acme
  no rows
  $ tenon list tags --key $acme --tenant default
  error: there is no tenant default
  [6]
  $ tenon keys create more --key $acme --roles admin
  error: create api_keys needs the role admin
  hint: ask an admin of the tenant for a key with the role: tenon keys create --roles ROLE
  [5]
  $ tenon create tenants name=Evil --key $acme
  error: create tenants needs the role system
  hint: ask an admin of the tenant for a key with the role: tenon keys create --roles ROLE
  [5]
  $ tenon keys create admin --user ci@acme.example --roles admin --tenant acme
  error: roles must not be more than the key's user has
  [3]
  $ stop
