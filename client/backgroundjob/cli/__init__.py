"""The command `bgjob`. Everything it does goes through the public library."""
