"""`task=export`: a run as a folder that other machines read, and that the Hugging Face Hub takes.

model.safetensors            the averaged networks, names as <module>.<tensor>
config.yaml, facts.json      what they are built from: settings, vocabulary
run.json, scores.json        where they come from, and how they were scored
README.md                    the model card
samples/                     the newest sheet
export.json                  format, images seen, and the sha256 of every file
"""
