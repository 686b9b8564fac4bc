#!/bin/sh
# autogen.sh - makes configure and Makefile.in from their sources.
set -e
cd "$(dirname "$0")"
mkdir -p m4
exec autoreconf --install --warnings=all
