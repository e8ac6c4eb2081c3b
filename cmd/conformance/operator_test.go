package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fiscalbench/fiscalbench/conformance/model"
	"github.com/fiscalbench/fiscalbench/conformance/target"
	"github.com/fiscalbench/fiscalbench/fiscal"
)

// operator is a program under test for --exec. It listens at CONFORMANCE_ADDR.
//
//	operator           the reference, behind a relay
//	operator unsigned  answers as a known public mock does: numbers as text, no signs
//	operator deaf      takes connections and never answers
//	operator dies      ends at once
//	operator crashes   the reference that ends after the first connection with bytes
func operator(args []string) int {
	mode := ""
	if len(args) > 0 {
		mode = args[0]
	}
	if mode == "dies" {
		fmt.Println("no licence file")
		return 7
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ln, err := net.Listen("tcp", os.Getenv("CONFORMANCE_ADDR"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	go func() {
		<-ctx.Done()
		ln.Close()
	}()
	reference, err := target.StartSelf(ctx, fiscal.INN(os.Getenv("CONFORMANCE_INN")))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer reference.Stop()
	for {
		c, err := ln.Accept()
		if err != nil {
			return 0
		}
		switch mode {
		case "unsigned":
			go unsigned(c)
		case "deaf":
			go io.Copy(io.Discard, c)
		case "crashes":
			if n, _ := c.Read(make([]byte, 1)); n > 0 {
				return 3
			}
			c.Close()
		default:
			go relay(c, reference.Addr())
		}
	}
}

func relay(c net.Conn, addr string) {
	defer c.Close()
	up, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer up.Close()
	go func() {
		io.Copy(up, c)
		up.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(c, up)
}

// unsigned answers every document with the document's number as text and no signs.
func unsigned(c net.Conn) {
	defer c.Close()
	for {
		request := make([]byte, 1<<16)
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			return
		}
		n, err := c.Read(request)
		if err != nil || n < 62 {
			return
		}
		body := append(append(append(append([]byte{7, 0, 0, 0}, model.Fixed(1017, "7704358518", 12)...), model.TLV(1041, request[8:24])...),
			model.Text(1040, "1")...), model.U32(1012, 1)...)
		body[2] = byte(len(body) - 4)
		container := append(append([]byte{0, 0, 0, 0, 0xA5, 7, 1, 0, 0}, request[39:55]...), make([]byte, 7)...)
		container = append(container, body...)
		container[0] = byte(len(container))
		model.FixContainerCRC(container)
		c.Write(append(append(append([]byte{}, request[:24]...), byte(len(container)), 0, 0x14, 0, 0, 0), container...))
	}
}
