"""``edge-agent demo``: the main job on this machine alone, with a broker inside and drawn or given cameras."""
