"""One file a format of batches; each offers its `plugin` (`profiles.feeds.format.Format`)."""
