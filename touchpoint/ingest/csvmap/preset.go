package csvmap

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed presets/*.json
var presets embed.FS

// Preset returns the mapping of a common export by its name; see [Presets].
func Preset(name string) (*Mapping, error) {
	data, err := presets.ReadFile("presets/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("csvmap: no preset %q; there are %s", name, strings.Join(Presets(), ", "))
	}
	return Parse(data)
}

// Presets returns the names of the presets, sorted.
func Presets() []string {
	files, _ := fs.Glob(presets, "presets/*.json")
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "presets/"), ".json")
	}
	slices.Sort(files)
	return files
}
