"""Is the lockfile what the manifests ask for, judged by what will be committed?"""
