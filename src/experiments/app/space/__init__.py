"""A page of one model as a folder that is a Hugging Face Space: `task=export export.app=true`."""
