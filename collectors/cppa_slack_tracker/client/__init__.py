"""Slack's Web API and Socket Mode, behind slack_sdk."""
