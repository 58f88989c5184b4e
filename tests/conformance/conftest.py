"""The sample room's tables, and what is no test of ours."""

import os
import subprocess
import sys

import pytest

import migrations
from conformance.databases import Databases
from deployments.local.postgres import EmbeddedPostgres
from tests.conformance.checking import SAMPLE
from tests.support.local_stack import ROOT

collect_ignore = ["sample"]
TEMPLATE = "sample_template"
ADD_TABLES = """
import sys
import acme_notices.models
from conformance.databases import add_missing_tables
add_missing_tables(sys.argv[1])
"""


@pytest.fixture(scope="session")
def sample_databases(postgres: EmbeddedPostgres) -> Databases:
    """With the sample's table; its models stay out of this process."""
    postgres.ensure_database(TEMPLATE)
    url = postgres.url(TEMPLATE)
    migrations.upgrade(url)
    subprocess.run(
        [sys.executable, "-c", ADD_TABLES, url],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SAMPLE), str(ROOT)])},
        check=True,
    )
    return Databases(postgres.url("postgres"), TEMPLATE)
