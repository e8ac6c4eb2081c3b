package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/gopacket/gopacket/reassembly"
)

// isCapture knows pcap (both byte orders, micro- and nanoseconds) and pcapng.
func isCapture(raw []byte) bool {
	if len(raw) < 24 {
		return false
	}
	switch binary.LittleEndian.Uint32(raw) {
	case 0xA1B2C3D4, 0xD4C3B2A1, 0xA1B23C4D, 0x4D3CB2A1, 0x0A0D0D0A:
		return true
	}
	return false
}

// packetSource is what both capture formats offer.
type packetSource interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	LinkType() layers.LinkType
}

// readCapture puts the TCP streams of a capture together: one piece a direction,
// in the order in which they began.
func readCapture(name string, raw []byte) ([]piece, error) {
	var source packetSource
	var err error
	if binary.LittleEndian.Uint32(raw) == 0x0A0D0D0A {
		source, err = pcapgo.NewNgReader(bytes.NewReader(raw), pcapgo.DefaultNgReaderOptions)
	} else {
		source, err = pcapgo.NewReader(bytes.NewReader(raw))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	streams := &streamFactory{}
	assembler := reassembly.NewAssembler(reassembly.NewStreamPool(streams))
	for n := 1; ; n++ {
		data, info, err := source.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: packet %d: %w", name, n, err)
		}
		packet := gopacket.NewPacket(data, source.LinkType(), gopacket.NoCopy)
		tcp, ok := packet.TransportLayer().(*layers.TCP)
		if !ok || packet.NetworkLayer() == nil {
			continue
		}
		assembler.AssembleWithContext(packet.NetworkLayer().NetworkFlow(), tcp, &packetContext{info})
	}
	assembler.FlushAll()
	return streams.pieces(name), nil
}

type packetContext struct{ info gopacket.CaptureInfo }

func (c *packetContext) GetCaptureInfo() gopacket.CaptureInfo { return c.info }

type streamFactory struct{ all []*stream }

func (f *streamFactory) New(net, transport gopacket.Flow, _ *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	s := &stream{net: net, transport: transport}
	f.all = append(f.all, s)
	return s
}

func (f *streamFactory) pieces(file string) []piece {
	var all []piece
	for _, s := range f.all {
		for side, data := range s.data {
			if len(data) == 0 {
				continue
			}
			net, transport := s.net, s.transport
			if side == 1 {
				net, transport = net.Reverse(), transport.Reverse()
			}
			label := fmt.Sprintf("%s %s:%s → %s:%s", file, net.Src(), transport.Src(), net.Dst(), transport.Dst())
			if s.gaps {
				label += " (с пропусками)"
			}
			all = append(all, piece{label, data})
		}
	}
	return all
}

// stream collects both directions of one connection.
type stream struct {
	net, transport gopacket.Flow
	data           [2][]byte
	gaps           bool
}

// Accept takes every segment: a capture may have begun in the middle.
func (s *stream) Accept(_ *layers.TCP, _ gopacket.CaptureInfo, _ reassembly.TCPFlowDirection, _ reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	*start = true
	return true
}

func (s *stream) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	length, _ := sg.Lengths()
	dir, _, _, skipped := sg.Info()
	if skipped > 0 {
		s.gaps = true
	}
	side := 0
	if dir == reassembly.TCPDirServerToClient {
		side = 1
	}
	s.data[side] = append(s.data[side], sg.Fetch(length)...)
}

func (s *stream) ReassemblyComplete(reassembly.AssemblerContext) bool { return true }
