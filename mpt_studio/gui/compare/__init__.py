"""The Compare page: candidates side by side, where flips come from and go to, the frontier."""
