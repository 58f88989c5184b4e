"""A process that asks a source as a pool does: `python -m tests.support.asking URL DATABASE TOKENS COUNT`.

Prints a line for each answer, and `limited` when the quota is used up.
"""

import sys

from pydantic import SecretStr

from services.database import open_database
from services.errors import RateLimited
from services.http.client import HttpClient
from services.http.github import GitHubAccess, github_http, token_pool


def main(url: str, database_url: str, tokens: str, count: str) -> None:
    """Ask for /page so often, or as often as the quota allows."""
    access = GitHubAccess(api_url=url, tokens=SecretStr(tokens), patience_seconds=0)
    database = open_database(database_url, application_name="asking")
    with HttpClient(github_http(access), auth=token_pool(access, database)) as client:
        try:
            for _ in range(int(count)):
                sys.stdout.write(f"{client.get('/page').status}\n")
                sys.stdout.flush()
        except RateLimited:
            sys.stdout.write("limited\n")
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
