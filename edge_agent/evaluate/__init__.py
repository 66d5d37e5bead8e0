"""What an installer and a data-protection officer look with: the agent's sight on photos and footage, measured."""
