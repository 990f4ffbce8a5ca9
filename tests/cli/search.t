Search.

  $ start
  $ tenon create assets type=TABLE name='user orders' qualified_name=shop.user_orders description='What customers ordered' -q >/dev/null
  $ tenon create assets type=TABLE name='user orders archive' qualified_name=shop.archive -q >/dev/null
  $ tenon create assets type=DASHBOARD name=sales qualified_name=bi.sales description='Orders of <all> users' -q >/dev/null
  $ tenon search user orders --entity assets --facets type --consistent
  user orders  assets TABLE  <uuid>
      qualified_name: shop.user_orders
  user orders archive  assets TABLE  <uuid>
  sales  assets DASHBOARD  <uuid>
      description: Orders of <all> users
  type: TABLE 2, DASHBOARD 1
  $ tenon search ordrs --entity assets --limit 1
  user orders  assets TABLE  <uuid>
      qualified_name: shop.user_orders
  nothing has ordrs; looked for orders
  1 of 3 shown: --limit N, --entity, --filter
  $ tenon search orders --entity assets --filter 'type = "DASHBOARD"'
  sales  assets DASHBOARD  <uuid>
      description: Orders of <all> users
  $ tenon search '"customers ordered"'
  user orders  assets TABLE  <uuid>
      description: What customers ordered
  $ tenon search orders -o json --entity assets
  {
    "items": [
      {
        "entity": "assets",
        "id": "<uuid>",
        "title": "user orders",
        "match": "name",
        "score": 300.456,
        "highlights": {
          "name": "user <mark>orders</mark>",
          "qualified_name": "shop.user_<mark>orders</mark>"
        },
        "row": {
          "id": "<uuid>",
          "tenant_id": "<uuid>",
          "type": "TABLE",
          "name": "user orders",
          "qualified_name": "shop.user_orders",
          "description": "What customers ordered",
          "metadata": {},
          "version": 1,
          "created_by": "<uuid>",
          "created_at": "<time>",
          "updated_at": "<time>",
          "deleted_at": null,
          "job_id": null
        }
      },
      {
        "entity": "assets",
        "id": "<uuid>",
        "title": "user orders archive",
        "match": "name",
        "score": 300.421,
        "highlights": {
          "name": "user <mark>orders</mark> archive"
        },
        "row": {
          "id": "<uuid>",
          "tenant_id": "<uuid>",
          "type": "TABLE",
          "name": "user orders archive",
          "qualified_name": "shop.archive",
          "description": null,
          "metadata": {},
          "version": 1,
          "created_by": "<uuid>",
          "created_at": "<time>",
          "updated_at": "<time>",
          "deleted_at": null,
          "job_id": null
        }
      },
      {
        "entity": "assets",
        "id": "<uuid>",
        "title": "sales",
        "match": "all",
        "score": 200.1,
        "highlights": {
          "description": "<mark>Orders</mark> of &lt;all&gt; users"
        },
        "row": {
          "id": "<uuid>",
          "tenant_id": "<uuid>",
          "type": "DASHBOARD",
          "name": "sales",
          "qualified_name": "bi.sales",
          "description": "Orders of <all> users",
          "metadata": {},
          "version": 1,
          "created_by": "<uuid>",
          "created_at": "<time>",
          "updated_at": "<time>",
          "deleted_at": null,
          "job_id": null
        }
      }
    ],
    "total": 3,
    "total_is_exact": true,
    "entities": [
      {
        "entity": "assets",
        "count": 3
      }
    ]
  }
  $ tenon search nonsensewordxyz
  nothing found
  $ id() { tenon list assets --filter "name = \"$1\"" --fields id -o ndjson | grep -o '[0-9a-f-]\{36\}'; }
  $ tenon create relationships source_asset_id=$(id sales) target_asset_id=$(id 'user orders') type=DEPENDS_ON -q >/dev/null
  $ tenon search orders --downstream-of shop.user_orders --consistent
  sales  assets DASHBOARD  <uuid>
      description: Orders of <all> users
  $ tenon search orders --entity assetz
  error: there is no entity 'assetz'; did you mean assets?
  [6]
  $ tenon search orders --filter 'type = TABLE'
  error: filter: say with entity= which table it is about
  [2]
  $ terminal tenon search sales --entity assets
  \e[1msales\e[0m  \e[2massets DASHBOARD\e[0m  <uuid>\r
      qualified_name: bi.\e[1msales\e[0m\r
  $ tenon reindex search
  search is built
  $ tenon search sales --entity assets
  sales  assets DASHBOARD  <uuid>
      qualified_name: bi.sales
  $ stop
