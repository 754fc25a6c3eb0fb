"""Models in GGUF files, as llama.cpp has them: dequantised once into a directory in Hugging Face format, which all else reads.

`names` says which file is meant, `weights` and `tokenizer` read it, `conversion` writes the directory, `cache` keeps it, and
`directories` is the one door. Nothing is quantised here: what is trained is fp32, and stays so.
"""
