"""Alembic's entry: which models, which database, under which lock."""

import pkgutil
from importlib import import_module

from alembic import context
from sqlalchemy import create_engine, pool, text

import collectors
import services
from migrations import VERSION_TABLE
from services.database import Base

# "bdcmigr" as a number: any constant will do, as long as it never changes.
MIGRATION_LOCK = 0x6264636D696772


def import_models() -> None:
    """Import every `models` module of the hall and the rooms, so that their tables are known."""
    for package in (services, collectors):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith(".models"):
                import_module(module.name)


def migrate() -> None:
    """Run what alembic was asked for, in one transaction, alone."""
    engine = create_engine(context.config.attributes["database_url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.execute(text("set lock_timeout = '10s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_server_default=False,
            compare_type=True,
            version_table=VERSION_TABLE,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


import_models()
migrate()
