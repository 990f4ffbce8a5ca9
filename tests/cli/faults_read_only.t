A directory that may not be written.

  $ mkdir locked; chmod 555 locked
  $ if [ $(id -u) = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups $TENON_BINARY version > /dev/null 2>&1 || skip 'nobody cannot run the binary'; as() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }; else as() { "$@"; }; fi
  $ as tenon serve --data locked
  error: locked/tenon.lock: cannot open: Permission denied
  [10]
  $ as tenon serve --data locked/inner
  error: locked/inner: cannot make the data directory: Permission denied
  [10]
  $ tenon migrate --data data > /dev/null; chmod -R a+rX,a-w data
  the data is at workflows.0001
  $ as tenon serve --data data
  error: data/tenon.lock: cannot open: Permission denied
  [10]
  $ as tenon backup --data data -o /nowhere/b.db
  error: attempt to write a readonly database
  [10]
