Colours on a terminal only, completion of both shells, quiet and verbose.

  $ start
  $ tenon -q create tags name=one category=x | wc -l
  1
  $ terminal tenon list tags --fields name,category
  \e[1mname  category\e[0m\r
  one   x\r
  $ terminal tenon list tags --fields name,category --no-color
  name  category\r
  one   x\r
  $ NO_COLOR=1 terminal tenon list tags --fields name,category
  name  category\r
  one   x\r
  $ tenon list tags --fields name,category
  name  category
  one   x
  $ terminal tenon list nothing
  \e[31merror:\e[0m there is no entity 'nothing'; tenon models lists them\r
  [6]
  $ terminal tenon list tags --fields name -o json
  [\r
    {\r
      "name": "one"\r
    }\r
  ]\r
  $ TERM=dumb terminal tenon list tags --fields name
  \e[1mname\e[0m\r
  one\r
  $ tenon -v list tags --fields name 2>&1 | sed 's/^> /- /;s/[0-9.]* ms/<took>/'
  - http://127.0.0.1:<port>, key from TENON_API_KEY
  - GET /v1/models (<size>) -> 200 in <took>
  - GET /v1/views (<size>) -> 200 in <took>
  - GET /v1/models/catalog (<size>) -> 200 in <took>
  - GET /v1/tags?fields=name&page_size=50 (<size>) -> 200 in <took>
  name
  one
  $ tenon list tags > /dev/full
  error: cannot write to standard output
  [10]
  $ seq 1 2000 | sed 's/.*/{"name":"n&","category":"many"}/' | tenon import ndjson - --entity tags | sed 's/^job [^:]*: //'
  tags  2,000 rows  <rate>  <took>
  2,000 written, 0 unchanged, 0 failed in <took>
  $ tenon list tags --all -o ndjson 2>said | head -n 1 | grep -c id; echo ${PIPESTATUS[0]}; cat said
  1
  10
  error: cannot write to standard output

  $ bash -n <(tenon completion bash)
  $ if command -v zsh > /dev/null; then zsh -n <(tenon completion zsh); fi
  $ tenon completion fish
  error: there is completion for bash and zsh, not for fish
  [2]
  $ cat > complete.bash <<'END'
  > source <(tenon completion bash)
  > try() {
  >   COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMPREPLY=()
  >   local name=$(complete -p tenon | sed 's/.*-F \([^ ]*\).*/\1/')
  >   "$name" tenon "${COMP_WORDS[COMP_CWORD]}" ""
  >   echo "${COMPREPLY[@]}"
  > }
  > try tenon ch
  > try tenon keys ''
  > try tenon list ass
  > try tenon list assets --or
  > try tenon help exi
  > END
  $ bash --norc complete.bash
  check
  create list revoke rotate
  assets asset_tags
  --order-by
  
  $ stop
