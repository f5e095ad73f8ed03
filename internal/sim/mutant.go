package sim

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed mutants/*.json
var mutantFiles embed.FS

// A Mutant is a bug to be planted: in File, a path from the root of the module, Old becomes
// New.
type Mutant struct {
	Name       string   `json:"-"` // the name of its file, such as 07-eight-keys
	File       string   `json:"file"`
	Old        string   `json:"old"` // occurs exactly once
	New        string   `json:"new"`
	Why        string   `json:"why"`
	Invariants []string `json:"invariants"` // one of these breaks
}

// Mutants returns the mutants; number K stands at index K−1.
func Mutants() ([]Mutant, error) {
	entries, err := mutantFiles.ReadDir("mutants")
	if err != nil {
		return nil, err
	}
	var out []Mutant
	for i, e := range entries {
		text, err := mutantFiles.ReadFile("mutants/" + e.Name())
		if err != nil {
			return nil, err
		}
		m := Mutant{Name: strings.TrimSuffix(e.Name(), ".json")}
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, fmt.Errorf("sim: mutant %s: %w", m.Name, err)
		}
		if !strings.HasPrefix(m.Name, fmt.Sprintf("%02d-", i+1)) {
			return nil, fmt.Errorf("sim: mutant %s is not number %d", m.Name, i+1)
		}
		out = append(out, m)
	}
	return out, nil
}

// Plant returns the source of a mutant's file with the bug in it.
func (m Mutant) Plant(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.File)))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.Old); n != 1 {
		return "", fmt.Errorf("sim: mutant %s: its text occurs %d times in %s", m.Name, n, m.File)
	}
	return strings.Replace(string(text), m.Old, m.New, 1), nil
}

// Build builds a program of the module at root with the bug in it, into the folder dir,
// and returns its path. Nothing in the module is changed.
func (m Mutant) Build(ctx context.Context, root, dir, program string) (string, error) {
	text, err := m.Plant(root)
	if err != nil {
		return "", err
	}
	source := filepath.Join(dir, "mutant.go")
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(root, filepath.FromSlash(m.File)): source},
	})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := errors.Join(os.WriteFile(source, []byte(text), 0o600), os.WriteFile(list, overlay, 0o600)); err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "mutant.exe")
	c := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", bin, program)
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("sim: building mutant %s: %w\n%s", m.Name, err, out)
	}
	return bin, nil
}
