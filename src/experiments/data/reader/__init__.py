"""One file a data set; configurations name these."""
