"""What an external issuer decides, in the standard library alone: values in, values out, time as an argument."""
