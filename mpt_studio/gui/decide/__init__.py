"""May it ship, in the window: the verdict, the editor of its policy, sets that must not flip, signing off."""
