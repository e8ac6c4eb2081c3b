package explain

import (
	"strconv"
	"strings"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/ffd"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// value shows a leaf for people: numbers in decimal, money in roubles, times as a
// clock shows them, text without padding, raw bytes not at all (they stand in hex).
func value(n *tlv.Node) string {
	info := ffd.Lookup(n.Tag)
	if info == nil {
		return ""
	}
	switch info.Kind {
	case ffd.KindByte, ffd.KindUint16, ffd.KindUint32:
		text := strconv.FormatUint(ffd.NodeUint(n), 10)
		if meaning := ffd.Meaning(n.Tag, ffd.NodeUint(n)); meaning != "" {
			text += ", " + meaning
		}
		return text
	case ffd.KindVLN:
		return fiscal.Kopecks(ffd.NodeUint(n)).String()
	case ffd.KindFVLN:
		return ffd.NodeFVLN(n).String()
	case ffd.KindUnixTime:
		if len(n.Value) == 4 {
			return ffd.NodeTime(n).Format("02.01.2006 15:04:05")
		}
	case ffd.KindString:
		return "«" + visible(ffd.NodeText(n)) + "»"
	case ffd.KindBytes:
		if n.Tag == ffd.TagFPD {
			if p, err := fiscal.FPDFromTag(n.Value); err == nil {
				return p.Paper()
			}
		}
	}
	return ""
}

// visible shows control characters as marks, so that a value stays on its line.
func visible(s string) string {
	return strings.NewReplacer("\r\n", "⏎", "\n", "⏎", "\r", "⏎", "\t", "⇥").Replace(s)
}
