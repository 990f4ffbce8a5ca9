A full disk: writes are refused with the reason, reads go on, and it recovers by itself.

  $ [ $(id -u) = 0 ] || skip 'needs root, to mount a small file system'
  $ mkdir data; mount -t tmpfs -o size=6m,mode=700 tmpfs data 2>/dev/null || skip 'no file system can be mounted here'
  $ trap 'umount -l data' EXIT
  $ start
  $ tenon -q create tags name=first category=x | wc -l
  1
  $ dd if=/dev/zero of=data/ballast bs=64k status=none 2>/dev/null
  [1]
  $ for i in $(seq 200); do tenon -q create tags name=more$i category=x > created 2> refused || break; done; cat refused
  error: database or disk is full
    trace id: <trace>
    try again in <took>
  $ tenon create tags name=again category=x
  error: database or disk is full
    trace id: <trace>
    try again in <took>
  [10]
  $ tenon list tags --filter 'name = "first"' --fields name
  name
  first
  $ curl -s $TENON_URL/metrics | grep '^tenon_store_fault'
  tenon_store_fault 1
  $ rm data/ballast
  $ until tenon -q create tags name=after category=x > created 2>&1; do :; done
  $ tenon list tags --filter 'name = "after"' --fields name
  name
  after
  $ curl -s $TENON_URL/metrics | grep '^tenon_store_fault'
  tenon_store_fault 0
  $ tenon audit verify | sed 's/[0-9][0-9]* rows/N rows/'
  whole: N rows of the audit log verified
  $ tenon backup -o data/ballast > /dev/null
  wrote data/ballast (<size>) up to log position 8
  $ stop
