"""Whisper on CTranslate2: writes down speech, each model in a supervised child process."""
