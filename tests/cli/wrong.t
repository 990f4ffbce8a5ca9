What a wrong command line says, and its exit code.

  $ tenon
  Tenon: the system of record for everything a platform team operates.
  
  Usage: tenon COMMAND [ARGUMENTS] [options]
  
  Server
    serve    Run the server
    config   Show every setting in force and where it comes from
    doctor   Look for what is wrong with a data directory and its server
    backup   Write a consistent copy of a data directory, also while it is served
    restore  Put a backup in place as a data directory
  
  Models
    check     Check model files and report every error
    fmt       Format model files in the one style
    plan      Show what migrate would do, and touch nothing
    migrate   Bring a data directory to the models
    rollback  Undo the newest migrations of a data directory
    models    List what the server keeps, or the fields and events of one entity
  
  Rows
    list     List the rows of an entity
    get      Show one row
    create   Create a row
    update   Change fields of a row
    delete   Delete rows
    do       Take an event of a row's lifecycle
    history  Show what happened to a row: every change, by whom, field by field
    view     Show a view of the models, or list them
    search   Find rows of any kind by words
  
  Documents
    apply  Create or change rows so that they are as documents say
    diff   Show what apply would change, as a unified difference
  
  Graph
    graph neighbours  Show what is joined to a node
    graph upstream    Show what a node depends on or was made from
    graph downstream  Show what depends on a node or is made from it
    graph impact      Count what depends on a node, by depth and type
    graph paths       Show the shortest ways from one node to another
    graph cycles      Show what depends on itself: groups that go in circles
    graph subgraph    Show several nodes and what is around them, as one graph
    graph columns     Show which columns a table's columns are made from
  
  Tasks
    tasks list     List what waits, runs or failed; the same as tenon tasks
    tasks watch    Follow a task until it ends, or all tasks until Ctrl-C
    tasks cancel   Cancel tasks that wait or run
    tasks rerun    Begin failed or cancelled tasks anew
    tasks resolve  Say that a remediation task is done
  
  Connectors
    connectors list      List connectors; the same as tenon connectors
    connectors status    Show how a connector and each of its workers does
    connectors validate  Try a connector's settings
    connectors activate  Begin to read, once the settings were tried
    connectors pause     Stop reading until it is resumed
    connectors resume    Go on with paused connectors, or those in error
    connectors restart   Begin a connector anew, with new connections
    connectors lag       Show how far a connector is behind its source
    connectors errors    List what went wrong lately, newest first
    connectors key       Make the key with which others push to an http connector
  
  Data
    import dpkg         Import this machine's Debian packages and what they depend on
    import ndjson       Import rows from JSON objects, one a line
    import csv          Import rows from comma-separated values
    import openlineage  Import OpenLineage events from a file
    import youtube8m    Import shards of YouTube-8M as videos, labels and the edges between them
    import dbt          Import a dbt project: models, sources, tests, exposures, columns, lineage
    import http         Import the items of a paged JSON API as rows of any entity
    import postgres     Import a PostgreSQL database's schemas, tables, views, columns and keys
    import log          Show what an import that ran in the server said, or rejected
    export              Write all rows of an entity, or of every entity, to a file
  
  Log
    watch             Follow changes as they happen, one a line
    followers         Show who follows the log, and how far each has come
    reindex           Build an index anew from the tables
    audit verify      Check that no audit row was altered, removed or reordered
    audit list        List who did what, the latest first
    audit show        Show one row of the log and what it changed
    audit export      Write the log as NDJSON, oldest first, for a SIEM
    audit checkpoint  Write the present end of the audit chain, to be kept elsewhere
    audit erase       Erase what the log says of one row
    tenants erase     Erase a closed tenant: its rows, names and the log's payloads
  
  Access
    login            Save a server and a key as a context, and use it from now on
    context list     List saved contexts
    context use      Use a saved context from now on
    context current  Show which server and key are in use, and why
    context remove   Forget a saved context
    keys create      Make an API key and show it once
    keys list        List API keys; the keys themselves are never shown
    keys revoke      Refuse API keys from now on
    keys rotate      Replace an API key by a new one with the same roles
  
  Other
    completion  Print a shell's completion of tenon
    version     Print the version
    help        Help on a command or a topic
  
  Options for every command
        --url URL          server to talk to (TENON_URL; default http://127.0.0.1:<port>)
        --key KEY          API key (TENON_API_KEY; default: ./data/admin.key for a local server)
        --context NAME     saved server and key to use (TENON_CONTEXT); see tenon login
        --data DIR         work on this data directory in process, without a server
        --config FILE      configuration file (TENON_CONFIG; default ./tenon.toml)
        --tenant SLUG      tenant to work in, for system keys (TENON_TENANT)
    -o, --output FORMAT    table, json, ndjson or yaml
        --timeout SECONDS  longest wait for an answer (default 60)
        --ca-file FILE     certificates to trust, PEM
        --insecure         do not verify the server's certificate
        --no-color         no colours (NO_COLOR)
    -q, --quiet            only results and errors
    -v, --verbose          say what is sent and how long it took
    -h, --help             help on a command
        --version          the version
  
  More: tenon COMMAND --help, and tenon help TOPIC with one of these topics:
    environment  environment variables, and how the server and key are chosen
    exit-codes   what each exit code means
    fields       NAME=VALUE words: numbers, null, JSON, files
    filters      the expressions of --filter and --order-by
  $ tenon lst
  error: 'lst' is not a command; did you mean 'list'?
  [2]
  $ tenon contexts
  error: 'contexts' is not a command; did you mean 'context'?
  [2]
  $ tenon list
  error: ENTITY is missing: an entity, by name or table; see tenon list --help
  [2]
  $ tenon list assets extra
  error: tenon list does not take 'extra'; see tenon list --help
  [2]
  $ tenon list assets --foo
  error: tenon list has no option '--foo'; see tenon list --help
  [2]
  $ tenon list assets --limit
  error: --limit needs a value; see tenon list --help
  [2]
  $ tenon list assets --limit many
  error: --limit takes a whole number, not 'many'
  [2]
  $ tenon list assets --limit -1
  error: cannot reach http://127.0.0.1:<port>: connection refused
  hint: start a server with: tenon serve --data ./data; or name another with --url
  [10]
  $ tenon list assets -o xml
  error: --output takes table, json, ndjson, yaml, not 'xml'
  [2]
  $ tenon keys
  Usage: tenon keys COMMAND [options]
  
  Commands
    keys create  Make an API key and show it once
    keys list    List API keys; the keys themselves are never shown
    keys revoke  Refuse API keys from now on
    keys rotate  Replace an API key by a new one with the same roles
  [2]
  $ tenon keys crate x
  error: 'keys crate' is not a command; did you mean 'keys create'?
  [2]
  $ tenon help nothing
  error: 'nothing' is neither a command nor a topic; see tenon --help
  [6]
  $ tenon help exit-codes
  The exit code says what kind of failure it was; scripts may rely on it.
  
      0  done
      1  done, and the answer is no: diff found a difference, fmt --check an unformatted file, audit verify a fault, doctor or check an error
      2  invalid-argument (HTTP 400), method-not-allowed (HTTP 405), too-large (HTTP 413), unsupported-media-type (HTTP 415)
      3  invalid-field (HTTP 422)
      4  unauthenticated (HTTP 401)
      5  forbidden (HTTP 403)
      6  not-found (HTTP 404), gone (HTTP 410)
      7  conflict (HTTP 409)
      8  precondition-failed (HTTP 412)
      9  too-many-requests (HTTP 429)
     10  unavailable (HTTP 503)
     11  deadline (HTTP 503)
     12  outcome-unknown (HTTP 503)
     70  internal (HTTP 500)
    130  interrupted (Ctrl-C)
    141  the reader of standard output went away
  
  A command line that cannot be read ends with 2; a server that cannot be reached with 10.
  $ tenon version
  tenon 0.1.0
  $ tenon --version
  tenon 0.1.0

No server, and wrong addresses of one.

  $ tenon list assets --url http://127.0.0.1:1
  error: cannot reach http://127.0.0.1:1: connection refused
  hint: is the server running? another one is named with --url or TENON_URL
  [10]
  $ tenon list assets --url nonsense
  error: nonsense is no server URL such as http://127.0.0.1:<port>: it does not start with http://
  [2]
  $ tenon list assets --url ftp://127.0.0.1
  error: ftp://127.0.0.1 is no server URL such as http://127.0.0.1:<port>: the scheme must be http or https
  [2]
  $ tenon list assets --url http://no-such-host.invalid
  error: cannot reach http://no-such-host.invalid: the host is not known (host not found (authoritative))
  [10]
  $ tenon list assets --data ./nothing-here
  error: there is no data directory ./nothing-here; tenon serve --data ./nothing-here makes it
  [10]
  $ tenon list assets --context nowhere
  error: there is no context 'nowhere'; tenon context list shows them
  [6]

Keys.

  $ start
  $ TENON_API_KEY= tenon list assets
  error: send an API key or a token: Authorization: Bearer KEY, or X-Api-Key: KEY
  hint: give a key with --key, TENON_API_KEY or tenon login; a fresh server keeps its first one in DIR/admin.key
  [4]
  $ tenon list assets --key nonsense
  error: the API key is not known, has expired or was revoked
  hint: the key was not accepted; list keys with tenon keys list under a valid one, or log in again: tenon login
  [4]
  $ tenon list assets --key tnn_AAAAAAAA_$(printf 'a%.0s' $(seq 43))
  error: the API key is not known, has expired or was revoked
  hint: the key was not accepted; list keys with tenon keys list under a valid one, or log in again: tenon login
  [4]
  $ reader=$(tenon -q keys create reader)
  $ tenon create tags name=x category=y --key $reader
  error: create tags needs the role writer
  hint: ask an admin of the tenant for a key with the role: tenon keys create --roles ROLE
  [5]
  $ tenon list tags --key $reader
  no rows
  $ tenon keys list --key $reader --tenant nowhere
  error: there is no tenant nowhere
  [6]
  $ tenon list tags --tenant nowhere
  error: there is no tenant nowhere
  [6]

Entities, fields, filters and words.

  $ tenon list assests
  error: there is no entity 'assests'; did you mean assets?
  [6]
  $ tenon create assests name=x
  error: there is no entity 'assests'; did you mean assets?
  [6]
  $ tenon create tags
  error: no fields are given: name them as NAME=VALUE, in a file with -f FILE, or as an object on standard input
  [2]
  $ tenon create tags nme=x
  error: nme: Tag has no such field; did you mean name?
  [3]
  $ tenon create tags name=x category=y colour=red
  error: colour: Tag has no such field
  [3]
  $ tenon create tags name
  error: name: is not NAME=VALUE
  [3]
  $ tenon create tags =x
  error: =x: is not NAME=VALUE
  [3]
  $ tenon create assets type=TABEL name=x
  error: qualified_name: a value is required
  [3]
  $ tenon create assets type=TABLE
  error: 2 fields are wrong
    name: a value is required
    qualified_name: a value is required
  [3]
  $ tenon create deployments system_slug='Not A Slug' priority=abc
  error: priority: Deployment has no such field
  [3]
  $ tenon create tags name=@missing.txt category=x
  error: name: cannot read missing.txt: there is no such file
  [3]
  $ tenon create tags -f missing.yaml
  error: cannot read missing.yaml: there is no such file
  [6]
  $ printf '{"name": "a", "name": "b"}' | tenon create tags
  error: standard input: line 1, column 16: the key "name" stands twice in one object
  [2]
  $ printf '{"name": ' | tenon create tags
  error: standard input: line 1, column 10: the document ends too early
  [2]
  $ printf '[1]' | tenon create tags
  error: standard input must hold an object with fields
  [2]
  $ printf 'a: [1\n' > broken.yaml; tenon create tags -f broken.yaml
  error: broken.yaml:2:1: end of sequence flow not found
  [2]
  $ tenon list assets --filter 'name ='
  error: expected a value: a field, a literal, a call or '(', the text ends here
    1 | name =
      |       ^
  [2]
  $ tenon list assets --filter 'nam = "x"'
  error: Asset has no field 'nam'
    1 | nam = "x"
      | ^~~ did you mean name?
  [2]
  $ tenon list assets --filter 'name = 5'
  error: this is int, it is compared with text(255)
    1 | name = 5
      |        ^
  [2]
  $ tenon list assets --filter 'name = orders'
  error: Asset has no field 'orders'
    1 | name = orders
      |        ^~~~~~ text is put in quotes
  [2]
  $ tenon list assets --order-by 'name sideways'
  error: order_by: expected '.' or the end of the path, not 'sideways'
    1 | name sideways
      |      ^~~~~~~~
  [2]
  $ tenon list assets --order-by 'nme'
  error: order_by: Asset has no field 'nme'
    1 | nme
      | ^~~ did you mean name?
  [2]
  $ tenon list assets --fields nme
  error: fields: assets has no field 'nme'; did you mean name?
  [2]
  $ tenon list assets --expand owner
  error: expand: assets has no relation 'owner'; it has: tenant, created_by, job, outgoing, incoming, asset_tags, user_assets, columns, produced_by, tags, people
  [2]
  $ tenon list assets --page-token nonsense
  error: page_token is not one that this query gave; start again without it
  [2]
  $ tenon list assets --limit 5000 --fields name
  no rows
  $ tenon get assets
  error: ID is missing: key of the row; parts of a composite key joined by ~; see tenon get --help
  [2]
  $ tenon get assets not-an-id
  error: there is no assets not-an-id; its key is id (uuid)
  [6]
  $ tenon get assets 00000000-0000-4000-8000-000000000000
  error: there is no assets <uuid>
  [6]
  $ tenon update assets 00000000-0000-4000-8000-000000000000 name=x
  error: there is no assets <uuid>
  [6]
  $ tenon delete assets 00000000-0000-4000-8000-000000000000
  error: there is no assets <uuid>
  [6]
  $ tenon do assets 00000000-0000-4000-8000-000000000000 explode
  error: Asset has no event 'explode'; it has restore
  [6]
  $ tenon do assets 00000000-0000-4000-8000-000000000000
  error: EVENT is missing: the event; see tenon do --help
  [2]
  $ tenon do tags 00000000-0000-4000-8000-000000000000 restore
  error: Tag has no event 'restore'; it has none at all
  [6]
  $ tenon history assets 00000000-0000-4000-8000-000000000000
  error: there is no assets <uuid>
  [6]
  $ tenon get assets 00000000-0000-4000-8000-000000000000 --as-of yesterday
  error: as_of must be a time with an offset, such as <time>
  [2]
  $ tenon view nothing
  error: there is no view 'nothing'; tenon view lists them
  [6]
  $ tenon view most_depended_on row=5
  error: row is not a parameter of /v1/views/most_depended_on; did you mean rows?
  [2]
  $ tenon view most_depended_on rows=many
  error: rows: 'many' is not a whole number
  [2]
  $ tenon view workflow_status
  error: the parameter 'run' is required
  [2]
  $ tenon models assests
  error: there is no entity 'assests'; did you mean assets?
  [6]
  $ tenon watch assests
  error: there is no entity 'assests'; did you mean assets?
  [6]
  $ tenon watch --from nonsense
  error: after is not a position of this tenant's log; use one that an answer gave
  [2]
  $ tenon watch --filter 'name = "x"'
  error: filter needs exactly one entity: its fields are what it speaks of
  [2]

What is taken already names the row that has it.

  $ tenon -q create assets type=TABLE name=a qualified_name=q > /dev/null
  $ tenon create assets type=TABLE name=b qualified_name=q
  error: assets has a row with the same qualified_name: <uuid>
    qualified_name: is taken
  [7]
  $ tenon create asset_tags asset_id=00000000-0000-4000-8000-000000000000 tag_id=00000000-0000-4000-8000-000000000000
  error: it refers to a row that is not there
    asset_id: there is no assets <uuid>
  [7]

  $ stop
