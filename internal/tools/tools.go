// Package tools is the module of the tools that check tabi; it has no code. The tool
// lines of its go.mod pin their versions, and its own go.work keeps their dependencies
// out of every other module. From this folder: go tool staticcheck -version.
package tools
