Documents: apply and diff.

  $ start
  $ cat > catalog.yaml <<'END'
  > entity: Asset
  > qualified_name: shop.orders
  > name: orders
  > type: TABLE
  > metadata: {owner: sales, rows: 12}
  > ---
  > entity: Tag
  > fields: {name: pii, category: Sensitive}
  > END
  $ tenon diff -f catalog.yaml
  --- nothing
  +++ Asset shop.orders (catalog.yaml, document 1)
  @@ -0,0 +1,6 @@
  +qualified_name: shop.orders
  +name: orders
  +type: TABLE
  +metadata:
  +  owner: sales
  +  rows: 12
  --- nothing
  +++ Tag Sensitive pii (catalog.yaml, document 2)
  @@ -0,0 +1,2 @@
  +name: pii
  +category: Sensitive
  [1]
  $ tenon apply -f catalog.yaml --dry-run
  Asset shop.orders created
  Tag Sensitive pii created
  $ tenon list assets --count
  0
  $ tenon apply -f catalog.yaml
  Asset shop.orders created
  Tag Sensitive pii created
  $ tenon apply -f catalog.yaml
  Asset shop.orders unchanged
  Tag Sensitive pii unchanged
  $ tenon diff -f catalog.yaml
  $ sed -i 's/sales/ops/; s/name: orders/name: Orders/' catalog.yaml
  $ tenon diff -f catalog.yaml
  --- Asset shop.orders (stored)
  +++ Asset shop.orders (catalog.yaml, document 1)
  @@ -1,6 +1,6 @@
   qualified_name: shop.orders
  -name: orders
  +name: Orders
   type: TABLE
   metadata:
  -  owner: sales
  +  owner: ops
     rows: 12
  [1]
  $ tenon apply -f catalog.yaml
  Asset shop.orders updated
  Tag Sensitive pii unchanged
  $ tenon get assets $(tenon list assets --fields id -o ndjson | cut -d '"' -f 4) -o yaml --fields type,name,qualified_name | sed '1i entity: Asset' | tenon apply -f -
  Asset shop.orders unchanged
  $ echo '[{"entity": "Tag", "name": "a", "category": "b"}, {"entity": "Tag", "name": "c", "category": "d"}]' | tenon apply -f -
  Tag b a created
  Tag d c created
  $ tenon apply -f catalog.yaml -o json
  [
    {
      "row": "Asset shop.orders",
      "key": "<uuid>",
      "result": "unchanged"
    },
    {
      "row": "Tag Sensitive pii",
      "key": "<uuid>",
      "result": "unchanged"
    }
  ]

What is wrong in documents: files are read whole before anything is applied.

  $ echo '{"entity": "Tag", "name": "e"}' > bad.json
  $ echo '{"entity": "Tga", "name": "e"}' >> bad.json
  $ echo '{"name": "e"}' >> bad.json
  $ tenon apply -f catalog.yaml -f bad.json
  error: bad.json, document 3 does not say its entity; add a line such as: entity: Asset
  [2]
  $ tenon diff -f bad.json
  error: bad.json, document 3 does not say its entity; add a line such as: entity: Asset
  [2]
  $ tenon apply
  error: standard input is empty
  [2]
  $ tenon apply -f missing.yaml
  error: cannot read missing.yaml: there is no such file
  [6]
  $ echo 'a: [' | tenon apply -f -
  error: standard input:2:1: end of sequence flow not found
  [2]
  $ tenon apply -f - < /dev/null
  error: standard input is empty
  [2]
  $ printf 'entity: Tag\nname: &x y\ncategory: *x\n' | tenon apply -f -
  Tag y y created
  $ printf 'entity: Tag\nname: y\nname: z\n' | tenon apply -f -
  error: standard input:3:1: 'name' stands twice
  [2]
  $ printf '\xff\xfe' | tenon apply -f -
  error: standard input is not UTF-8 at byte 0
  [2]
  $ stop
