"""Who does a task; jobs in processes of their own, launchers."""
