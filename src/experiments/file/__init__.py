"""Files read within bounds, whoever wrote them, and written whole or not at all."""
