// Command read-blocks prints the blocks of Terraform files as JSON: types, labels, and attributes as they are written.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

type block struct {
	File       string            `json:"file"`
	Line       int               `json:"line"`
	Type       string            `json:"type"`
	Labels     []string          `json:"labels"`
	Attributes map[string]string `json:"attributes"`
	Blocks     []block           `json:"blocks"`
}

func readBody(file string, source []byte, body *hclsyntax.Body) (map[string]string, []block) {
	attributes := map[string]string{}
	for name, attribute := range body.Attributes {
		attributes[name] = string(attribute.Expr.Range().SliceBytes(source))
	}
	blocks := []block{}
	for _, inner := range body.Blocks {
		found := block{File: file, Line: inner.TypeRange.Start.Line, Type: inner.Type, Labels: append([]string{}, inner.Labels...)}
		found.Attributes, found.Blocks = readBody(file, source, inner.Body)
		blocks = append(blocks, found)
	}
	return attributes, blocks
}

func main() {
	found := []block{}
	for _, file := range os.Args[1:] {
		source, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		parsed, faults := hclsyntax.ParseConfig(source, file, hcl.InitialPos)
		if faults.HasErrors() {
			fmt.Fprintln(os.Stderr, faults.Error())
			os.Exit(1)
		}
		_, blocks := readBody(file, source, parsed.Body.(*hclsyntax.Body))
		found = append(found, blocks...)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		os.Exit(1)
	}
}
