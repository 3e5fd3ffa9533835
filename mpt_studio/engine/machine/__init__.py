"""What changes speed only, never a result: devices, threads, memory."""
