Walks over the graph.

  $ start
  $ for name in raw orders sales; do tenon create assets type=TABLE name=$name qualified_name=shop.$name -q >/dev/null; done
  $ id() { tenon list assets --filter "name = \"$1\"" --fields id -o ndjson | grep -o '[0-9a-f-]\{36\}'; }
  $ tenon create relationships source_asset_id=$(id orders) target_asset_id=$(id raw) type=DEPENDS_ON -q >/dev/null
  $ tenon create relationships source_asset_id=$(id sales) target_asset_id=$(id orders) type=DEPENDS_ON metadata:='{"columns":[{"source":"total","target":"amount","type":"AGGREGATION","transformation":"sum(amount)"}]}' -q >/dev/null

A node is named by its entity and its name, by its unique name, or by what people call it.

  $ tenon graph downstream assets raw --consistent
  raw  TABLE
  └─ orders  TABLE
     └─ sales  TABLE
  $ tenon graph downstream shop.raw --flat
  depth  label   type   id
  0      raw     TABLE  assets:<uuid>
  1      orders  TABLE  assets:<uuid>
  2      sales   TABLE  assets:<uuid>
  $ tenon graph upstream sales --depth 1
  sales  TABLE
  └─ orders  TABLE
  $ tenon graph neighbours orders --direction in
  orders  TABLE
  └─ sales  TABLE
  $ tenon graph impact raw
  downstream of raw: 2 (2 TABLE)
  depth  count  types
  1      1      1 TABLE
  2      1      1 TABLE
  $ tenon graph impact sales
  downstream of sales: 0
  $ tenon graph paths sales raw
  sales -DEPENDS_ON-> orders -DEPENDS_ON-> raw
  $ tenon graph paths raw sales --direction upstream
  no way leads from one to the other
  $ tenon graph cycles
  nothing goes in circles
  $ tenon create relationships source_asset_id=$(id raw) target_asset_id=$(id sales) type=DEPENDS_ON -q >/dev/null
  $ tenon graph cycles --consistent
  3 nodes: orders <-DEPENDS_ON- sales <-DEPENDS_ON- raw <-DEPENDS_ON- orders
  $ tenon graph columns sales --column total
  column       edge        with           type         transformation
  sales.total  DEPENDS_ON  orders.amount  AGGREGATION  sum(amount)
  $ tenon graph columns raw
  no edge tells of columns here
  $ tenon graph downstream raw --limit 2
  raw  TABLE
  └─ orders  TABLE
  there are more, these are the nearest: --limit N, or tenon graph impact counts

Other formats, for other tools.

  $ tenon graph downstream raw --as mermaid
  flowchart LR
    n0["raw"]
    n1["orders"]
    n2["sales"]
    n1 -->|"DEPENDS_ON"| n0
    n2 -->|"DEPENDS_ON"| n1
    n0 -->|"DEPENDS_ON"| n2
  $ tenon graph downstream raw --as dot
  digraph tenon {
    rankdir=LR;
    node [shape=box];
    n0 [label="raw", tooltip="TABLE assets:<uuid>"];
    n1 [label="orders", tooltip="TABLE assets:<uuid>"];
    n2 [label="sales", tooltip="TABLE assets:<uuid>"];
    n1 -> n0 [label="DEPENDS_ON"];
    n2 -> n1 [label="DEPENDS_ON"];
    n0 -> n2 [label="DEPENDS_ON"];
  }
  $ tenon graph upstream orders --depth 1 --as csv
  from,from_label,to,to_label,type,state,rows\r
  assets:<uuid>,orders,assets:<uuid>,raw,DEPENDS_ON,,1\r
  $ tenon graph upstream orders --depth 1 -o json
  {
    "start": {
      "id": "assets:<uuid>",
      "table": "assets",
      "key": "<uuid>",
      "type": "TABLE",
      "label": "orders"
    },
    "direction": "upstream",
    "nodes": [
      {
        "id": "assets:<uuid>",
        "table": "assets",
        "key": "<uuid>",
        "type": "TABLE",
        "label": "orders",
        "depth": 0
      },
      {
        "id": "assets:<uuid>",
        "table": "assets",
        "key": "<uuid>",
        "type": "TABLE",
        "label": "raw",
        "depth": 1
      }
    ],
    "edges": [
      {
        "from": "assets:<uuid>",
        "to": "assets:<uuid>",
        "type": "DEPENDS_ON",
        "table": "relationships"
      }
    ],
    "partial": false
  }

What is wrong.

  $ tenon graph downstream nothing
  error: no node is called nothing; name it as TABLE:ID, by its qualified name or by its whole label
  [6]
  $ tenon graph downstream raw --types DEPENDSON
  no edge is of the type DEPENDSON; did you mean DEPENDS_ON?
  raw  TABLE
  $ tenon graph downstream raw --depth deep
  error: depth must be a whole number from 0 to 1000000, or all
  [2]
  $ tenon graph subgraph raw
  depth  label   type   id
  0      raw     TABLE  assets:<uuid>
  1      sales   TABLE  assets:<uuid>
  1      orders  TABLE  assets:<uuid>
  $ tenon graph subgraph raw nothing
  error: no node is called nothing; name it as TABLE:ID, by its qualified name or by its whole label
  [6]
  $ tenon graph downstream assetz raw
  error: there is no entity 'assetz'; did you mean assets?
  [6]
  $ tenon graph downstream raw --as svg
  error: --as takes json, graphml, dot, mermaid, csv, csv-nodes, not 'svg'
  [2]

Who follows the log.

  $ tenon followers -o ndjson | grep -oE '"name":"(graph|search)"'
  "name":"graph"
  "name":"search"
  $ tenon reindex graph
  graph is built
  $ tenon reindex grph
  error: there is no follower grph; did you mean graph?
  [6]
  $ tenon doctor | grep -E 'follower (graph|search)'
  ok       follower graph: is up to date
  ok       follower search: is up to date
  $ stop
