"""Data sets in shards, as the Hugging Face Hub has them: tables and tars with pictures inside."""
