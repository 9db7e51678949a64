"""What commands and Python code ask for: frozen values that load no library, with what each field means."""
