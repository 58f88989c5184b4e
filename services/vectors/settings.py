"""Settings of search: which index, which embedding model, and the keys for them."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

LOCAL_MODEL = "wordllama/l2_supercat_256"


class VectorSettings(BaseSettings):
    """Read wherever something is indexed or searched; names are the field names in capitals.

    `vectors_index` auto is pinecone where there is a key for it, else pgvector where the database
    has it, else none. `vectors_model` is provider/name: wordllama, sentence-transformers, openai
    (whatever speaks its API), or pinecone, which embeds by itself.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    vectors_index: Literal["auto", "pgvector", "pinecone", "none"] = "auto"
    vectors_model: str | None = Field(default=None, pattern=r"^[a-z-]+/.+$")
    vectors_chunks_per_second: float | None = Field(default=None, gt=0)
    vectors_openai_base_url: str = "https://api.openai.com/v1"
    vectors_openai_api_key: SecretStr | None = None
    pinecone_api_key: SecretStr | None = None
    pinecone_private_api_key: SecretStr | None = None
    pinecone_index_name: str = Field(
        default="boost-dashboard", pattern=r"^[a-z0-9][a-z0-9-]{0,36}$"
    )
    pinecone_cloud: str = "aws"
    pinecone_environment: str = "us-east-1"
    pinecone_sparse_model: str = "pinecone-sparse-english-v0"
    pinecone_batch_size: int = Field(default=96, ge=1, le=96)
    pinecone_workers: int = Field(default=8, ge=1, le=32)
    pinecone_timeout_seconds: float = Field(default=30.0, gt=0)
    pinecone_base_url: str = "https://api.pinecone.io"

    @property
    def wants_pinecone(self) -> bool:
        """Whether it is asked for, or there is a key and nothing else is asked for."""
        has_key = self.pinecone_api_key is not None or self.pinecone_private_api_key is not None
        return self.vectors_index == "pinecone" or (self.vectors_index == "auto" and has_key)

    @property
    def model(self) -> str:
        """The embedding model, by default the one that needs nothing but what is installed."""
        if self.vectors_model is not None:
            return self.vectors_model
        return "pinecone/multilingual-e5-large" if self.wants_pinecone else LOCAL_MODEL
