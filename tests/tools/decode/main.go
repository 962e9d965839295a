// Command decode tells what Argo CD understands from a plugin's stdout. It calls the two functions that Argo CD calls:
// kube.SplitYAMLToString as the cmp-server does on the whole stream, then kube.SplitYAML as the repo-server does on each
// string that came out of it. The repo-server unpacks Lists only after that, so a List is one object here.
//
//	decode          reads one stream from stdin; prints one JSON object a line; where Argo CD fails: its error on
//	                stderr, nothing on stdout, exit status 1.
//	decode --batch  answers many streams, for tests that ask thousands of times. A request is the stream's length in
//	                bytes as a decimal number, a newline, and the stream. The reply, flushed at once, is one line of JSON:
//	                {"objects":[...]} or {"error":"..."}. End of input between two requests ends the program.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/argoproj/gitops-engine/pkg/utils/kube"
)

type reply struct {
	Objects []map[string]any `json:"objects"`
}

type failure struct {
	Error string `json:"error"`
}

func main() {
	var err error
	switch {
	case len(os.Args) == 1:
		err = once(os.Stdin, os.Stdout)
	case len(os.Args) == 2 && os.Args[1] == "--batch":
		err = batch(os.Stdin, os.Stdout)
	default:
		err = errors.New("usage: decode [--batch]")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func decode(stream []byte) ([]map[string]any, error) {
	documents, err := kube.SplitYAMLToString(stream)
	if err != nil {
		return nil, err
	}
	decoded := []map[string]any{}
	for _, document := range documents {
		objects, err := kube.SplitYAML([]byte(document))
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			decoded = append(decoded, object.Object)
		}
	}
	return decoded, nil
}

func once(in io.Reader, out io.Writer) error {
	stream, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	objects, err := decode(stream)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(out)
	lines := encoder(buffered)
	for _, object := range objects {
		if err := lines.Encode(object); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

func batch(in io.Reader, out io.Writer) error {
	requests, replies := bufio.NewReader(in), bufio.NewWriter(out)
	lines := encoder(replies)
	for {
		stream, err := request(requests)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var answer any
		if objects, err := decode(stream); err != nil {
			answer = failure{err.Error()}
		} else {
			answer = reply{objects}
		}
		if err := lines.Encode(answer); err != nil {
			return err
		}
		if err := replies.Flush(); err != nil {
			return err
		}
	}
}

// request reads the next request. It returns io.EOF only where a request could have begun.
func request(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		if errors.Is(err, io.EOF) && line != "" {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	length, err := strconv.ParseUint(strings.TrimSuffix(line, "\n"), 10, 31)
	if err != nil {
		return nil, fmt.Errorf("the length of a request: %w", err)
	}
	stream := make([]byte, length)
	if _, err := io.ReadFull(in, stream); err != nil {
		return nil, fmt.Errorf("a request of %d bytes: %w", length, io.ErrUnexpectedEOF)
	}
	return stream, nil
}

// encoder writes JSON as it is, without the escapes that make it fit for HTML.
func encoder(out io.Writer) *json.Encoder {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	return lines
}
