from tests.support.scripted_collector import Script, play, store


def test_x(platform):
    script = Script(collect=lambda run: store(run, "a", "b"))
    state = play(script, note="x")
    assert state.name == "Completed", state
    assert script.calls == ["validate_config", "collect", "sync_pinecone"]
