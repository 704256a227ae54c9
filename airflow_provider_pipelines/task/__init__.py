"""What the operators and sensors of all vendors share."""
