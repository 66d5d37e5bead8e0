"""HTTP: WHEP, the page an operator or installer opens, metrics."""
