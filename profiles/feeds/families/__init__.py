"""One file a family of data; each offers its `plugin` (`profiles.feeds.family.Family`)."""
