"""The OpenLineage client for Python (PyPI openlineage-python), configured by its own environment variables, says what a
nightly load did; Marquez's API answers it. Prints a line a test and the counts."""

import datetime
import json
import os
import sys
import traceback
import urllib.parse
import urllib.request
import uuid

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    Dataset, DatasetEvent, InputDataset, Job, JobEvent, OutputDataset, Run, RunEvent, RunState)
from openlineage.client.facet_v2 import (
    column_lineage_dataset, documentation_dataset, error_message_run, schema_dataset, sql_job)

PRODUCER = "https://example.com/nightly"
DATABASE = "postgres://db:5432"
client = OpenLineageClient()


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat()


def get(path, **query):
    url = os.environ["OPENLINEAGE_URL"] + path + "?" + urllib.parse.urlencode(query)
    key = os.environ["OPENLINEAGE_API_KEY"]
    return json.load(urllib.request.urlopen(
        urllib.request.Request(url, headers={"Authorization": "Bearer " + key})))


def event(state, run, job, inputs=(), outputs=(), facets=None):
    client.emit(RunEvent(eventType=state, eventTime=now(), run=Run(runId=run, facets=facets or {}), job=job,
                         producer=PRODUCER, inputs=list(inputs), outputs=list(outputs)))


def a_run_from_start_to_end():
    job = Job(namespace="py", name="load", facets={"sql": sql_job.SQLJobFacet(query="SELECT 1")})
    orders = InputDataset(namespace=DATABASE, name="shop.raw.orders")
    field = column_lineage_dataset.InputField(namespace=DATABASE, name="shop.raw.orders", field="price")
    mart = OutputDataset(namespace=DATABASE, name="shop.mart.orders", facets={
        "schema": schema_dataset.SchemaDatasetFacet(
            fields=[schema_dataset.SchemaDatasetFacetFields(name="total", type="numeric", description="In euros")]),
        "documentation": documentation_dataset.DocumentationDatasetFacet(description="Orders of a day"),
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields={
            "total": column_lineage_dataset.Fields(
                inputFields=[field], transformationDescription="sum", transformationType="AGGREGATION")})})
    run = str(uuid.uuid4())
    event(RunState.START, run, job, [orders])
    assert get("/api/v1/namespaces/py/jobs/load/runs")["runs"][0]["state"] == "RUNNING"
    event(RunState.COMPLETE, run, job, [orders], [mart])
    runs = get("/api/v1/namespaces/py/jobs/load/runs")
    assert (runs["totalCount"], runs["runs"][0]["state"]) == (1, "COMPLETED"), runs
    graph = get("/api/v1/lineage", nodeId=f"dataset:{DATABASE}:shop.raw.orders")["graph"]
    assert f"dataset:{DATABASE}:shop.mart.orders" in [node["id"] for node in graph], graph
    columns = get("/api/v1/column-lineage", nodeId=f"datasetField:{DATABASE}:shop.mart.orders:total")["graph"]
    assert f"datasetField:{DATABASE}:shop.raw.orders:price" in [node["id"] for node in columns], columns
    dataset = get("/api/v1/namespaces/" + urllib.parse.quote(DATABASE, safe="") + "/datasets/shop.mart.orders")
    assert dataset["description"] == "Orders of a day", dataset


def a_run_that_fails():
    job = Job(namespace="py", name="broken")
    run = str(uuid.uuid4())
    event(RunState.START, run, job)
    event(RunState.FAIL, run, job, facets={
        "errorMessage": error_message_run.ErrorMessageRunFacet(message="disk full", programmingLanguage="python")})
    found = get("/v1/workflow_executions", filter=f'correlation_id = "{run}"')["items"]
    assert (found[0]["current_state"], found[0]["error_message"]) == ("FAILED", "disk full"), found


def jobs_and_datasets_without_runs():
    client.emit(JobEvent(eventTime=now(), job=Job(namespace="py", name="planned"), producer=PRODUCER,
                         inputs=[InputDataset(namespace=DATABASE, name="shop.raw.users")]))
    client.emit(DatasetEvent(eventTime=now(), producer=PRODUCER,
                             dataset=Dataset(namespace=DATABASE, name="shop.raw.lonely")))
    assert get("/api/v1/namespaces/py/jobs/planned")["latestRun"] is None
    names = [dataset["name"] for dataset in get("/api/v1/datasets")["datasets"]]
    assert {"shop.raw.users", "shop.raw.lonely"} <= set(names), names


def main():
    failed = 0
    tests = [a_run_from_start_to_end, a_run_that_fails, jobs_and_datasets_without_runs]
    for test in tests:
        try:
            test()
            print("ok     ", test.__name__)
        except Exception:
            failed += 1
            print("FAILED ", test.__name__)
            traceback.print_exc(file=sys.stdout)
    print(f"\n{len(tests) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
