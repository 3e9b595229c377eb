"""`task=clean`: what lies in outputs and cache that nobody needs, and its removal on request."""
