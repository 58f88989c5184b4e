"""What properdocs.yml names: ProperDocs loads this file by its path, without a package around it."""

from authoring.site.building import on_config, on_files, on_page_markdown

__all__ = ["on_config", "on_files", "on_page_markdown"]
