"""A team's Slack: every message with its thread, edits, deletions, reactions and files.

Source: Slack's Web API, through slack_sdk; one run for each team.
Owner: data platform.
Tables: cppa_slack_tracker_team, _user, _channel, _membership, _membership_change, _message, _file,
    _thread, _event; people go to services.identity, documents to services.vectors.
Secrets: CPPA_SLACK_TRACKER_TOKENS, a bot token for each team; for the listener
    CPPA_SLACK_TRACKER_APP_TOKENS, an app-level token for each team; for the bot
    CPPA_SLACK_TRACKER_BOT_GITHUB_TOKEN, for pages of huddles CPPA_SLACK_TRACKER_HUDDLE_TOKEN.
New means: a message, or a reply in a thread of any age, that is not stored yet.
Exempt: future-cursor — positions are Slack's own timestamps of messages that are stored
"""
