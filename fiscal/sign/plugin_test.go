package sign

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/fiscaltest"
)

// pluginMode in the environment makes the test program a plug-in.
const (
	pluginMode   = "SIGN_TEST_PLUGIN"
	pluginMarker = "SIGN_TEST_MARKER" // a file whose existence says that the process ran before
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(pluginMode); mode != "" {
		if err := pluginMain(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// pluginMain is a plug-in that signs by TB-GOST-1, or one that misbehaves.
func pluginMain(mode string) error {
	switch mode {
	case "tb-gost-1":
		return ServePlugin(context.Background(), NewTBGOST1(TBGOST1Options{}), os.Stdin, os.Stdout)
	case "talkative":
		fmt.Fprintln(os.Stderr, "first line")
		fmt.Fprintln(os.Stderr, strings.Repeat("long ", 20000))
		return ServePlugin(context.Background(), NewTBGOST1(TBGOST1Options{}), os.Stdin, os.Stdout)
	case "crashes-once":
		if _, err := os.Stat(os.Getenv(pluginMarker)); err == nil {
			return pluginMain("tb-gost-1")
		}
		if err := os.WriteFile(os.Getenv(pluginMarker), nil, 0o600); err != nil {
			return err
		}
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		return fmt.Errorf("crashed as told")
	case "silent":
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	case "deaf":
		<-time.After(time.Hour) // ended by a signal
	case "garbage":
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		fmt.Println("this is no answer")
		return pluginMain("silent")
	case "backwards":
		return answerBackwards()
	}
	return answerEvery(mode)
}

// answerEvery gives the same answer, mode, to every request.
func answerEvery(mode string) error {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var q pluginRequest
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return err
		}
		fmt.Printf("{\"id\":%d,%s}\n", q.ID, mode)
	}
	return nil
}

// answerBackwards reads two requests and answers the second first.
func answerBackwards() error {
	in := bufio.NewReader(os.Stdin)
	for {
		var lines [2]pluginRequest
		for i := range lines {
			line, err := in.ReadBytes('\n')
			if err != nil {
				return nil
			}
			if err := json.Unmarshal(line, &lines[i]); err != nil {
				return err
			}
		}
		for i := len(lines) - 1; i >= 0; i-- {
			fmt.Printf("{\"id\":%d,\"verdict\":\"ok\",\"detail\":\"form %d\"}\n", lines[i].ID, lines[i].Form)
		}
	}
}

func startPlugin(t *testing.T, mode string, change func(*PluginOptions)) *Plugin {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	o := PluginOptions{Command: []string{self}, Env: []string{pluginMode + "=" + mode}, Limit: 20 * time.Second, Pause: time.Nanosecond}
	if change != nil {
		change(&o)
	}
	p, err := StartPlugin(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func confirmVector(t *testing.T, message, request string) ConfirmRequest {
	t.Helper()
	v := fiscaltest.Protocol()
	return ConfirmRequest{FN: vectorFN, OFD: vectorOFD, Request: container(t, v.Message(request).Body()), STLV: without1078(t, v.Message(message).STLV())}
}

// The plug-in that delegates to TB-GOST-1 gives what the scheme gives.
func TestPlugin_DelegatesToTBGOST1(t *testing.T) {
	t.Parallel()
	p := startPlugin(t, "tb-gost-1", nil)
	v := fiscaltest.Protocol()
	for _, id := range []string{"tb-receipt", "tb-receipt-encrypted"} {
		m := v.Message(id)
		o, err := p.Open(ctx, vectorFN, vectorOFD, container(t, m.Body()))
		require.NoError(t, err)
		assert.Equal(t, OK, o.FPS)
		assert.Equal(t, m.STLV(), o.STLV)
		if id == "tb-receipt" {
			assert.Equal(t, m.MessageSign.String()+"0000", fmt.Sprintf("%x", o.Trailer))
		}
		verdict, _, err := p.CheckFPD(ctx, vectorFN, fiscal.FormReceipt, o.STLV)
		require.NoError(t, err)
		assert.Equal(t, OK, verdict)
	}
	o, err := p.Open(ctx, vectorFN, vectorOFD, container(t, v.NegativeByID("neg-17").Body()))
	require.NoError(t, err)
	assert.Equal(t, Bad, o.FPS)
	assert.Contains(t, o.Detail, "ФПС не сходится")
	o, err = p.Open(ctx, vectorFN, vectorOFD, container(t, v.NegativeByID("neg-19").Body()))
	require.NoError(t, err)
	verdict, detail, err := p.CheckFPD(ctx, vectorFN, fiscal.FormReceipt, o.STLV)
	require.NoError(t, err)
	assert.Equal(t, Bad, verdict)
	assert.Contains(t, detail, "ФПД не сходится")

	for answer, request := range map[string]string{"tb-confirmation": "tb-receipt", "tb-confirmation-encrypted": "tb-receipt-encrypted"} {
		b, err := p.Confirm(ctx, confirmVector(t, answer, request))
		require.NoError(t, err)
		assert.Equal(t, v.Message(answer).Body(), b)
	}
	_, err = p.Confirm(ctx, ConfirmRequest{})
	require.Error(t, err)
	bad := confirmVector(t, "tb-confirmation", "tb-receipt")
	bad.STLV = []byte{7, 0, 0, 0}
	_, err = p.Confirm(ctx, bad)
	require.ErrorContains(t, err, "1012")
}

// A transport fault keeps its name through the plug-in.
func TestPlugin_TransportFault(t *testing.T) {
	t.Parallel()
	p := startPlugin(t, "tb-gost-1", nil)
	_, err := p.Open(ctx, otherFN, vectorOFD, container(t, fiscaltest.Protocol().Message("tb-receipt-encrypted").Body()))
	assert.Equal(t, fiscal.EncryptedUnreadable, fault(t, err))
	whole := fiscaltest.Protocol().Message("tb-receipt").Body()
	_, err = p.Open(ctx, vectorFN, vectorOFD, container(t, finish(whole[:len(whole)-1])))
	assert.Equal(t, fiscal.BadTrailer, fault(t, err))
}

func TestPlugin_ManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	p := startPlugin(t, "tb-gost-1", nil)
	m := fiscaltest.Protocol().Message("tb-receipt")
	c := container(t, m.Body())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				o, err := p.Open(ctx, vectorFN, vectorOFD, c)
				assert.NoError(t, err)
				assert.Equal(t, OK, o.FPS)
			}
		})
	}
	all.Wait()
}

func TestPlugin_AnswersInAnyOrder(t *testing.T) {
	t.Parallel()
	p := startPlugin(t, "backwards", nil)
	var all sync.WaitGroup
	for form := range fiscal.Form(2) {
		all.Go(func() {
			v, detail, err := p.CheckFPD(ctx, vectorFN, form+1, []byte{1})
			assert.NoError(t, err)
			assert.Equal(t, OK, v)
			assert.Equal(t, fmt.Sprintf("form %d", form+1), detail)
		})
	}
	all.Wait()
}

// No answer, nobody who reads, no answer that makes sense: the verdict is
// unverifiable, a plain document is still there, and no confirmation is made.
func TestPlugin_WithoutVerdict(t *testing.T) {
	t.Parallel()
	m := fiscaltest.Protocol().Message("tb-receipt")
	for _, mode := range []string{"silent", "deaf", "garbage", `"verdict":"splendid"`, `"verdict":"ok","stlv_hex":"0300"`,
		`"verdict":"ok"`, `"error":"out of order"`, `"verdict":"unverifiable","detail":"no key"`} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := startPlugin(t, mode, func(o *PluginOptions) {
				if mode == "silent" || mode == "deaf" {
					o.Limit = 50 * time.Millisecond
				}
			})
			o, err := p.Open(ctx, vectorFN, vectorOFD, container(t, m.Body()))
			require.NoError(t, err)
			assert.Equal(t, Unverifiable, o.FPS)
			assert.Equal(t, m.STLV(), o.STLV)
			assert.NotEmpty(t, o.Detail)
			_, err = p.Open(ctx, vectorFN, vectorOFD, container(t, fiscaltest.Protocol().Message("tb-receipt-encrypted").Body()))
			if !strings.Contains(mode, `"ok"`) {
				assert.Equal(t, fiscal.EncryptedUnreadable, fault(t, err))
			}
			if !strings.HasPrefix(mode, `"verdict":"ok"`) {
				v, _, err := p.CheckFPD(ctx, vectorFN, fiscal.FormReceipt, m.STLV())
				require.NoError(t, err)
				assert.Equal(t, Unverifiable, v)
			}
			_, err = p.Confirm(ctx, confirmVector(t, "tb-confirmation", "tb-receipt"))
			require.Error(t, err)
		})
	}
}

// "bad" needs no document.
func TestPlugin_BadWithoutDocument(t *testing.T) {
	t.Parallel()
	p := startPlugin(t, `"verdict":"bad","detail":"forged"`, nil)
	o, err := p.Open(ctx, vectorFN, vectorOFD, container(t, fiscaltest.Protocol().Message("tb-receipt").Body()))
	require.NoError(t, err)
	assert.Equal(t, Opened{FPS: Bad, Detail: "forged"}, o)
}

// A process that does not read its input fills the pipe; the write gives up in time
// and the process is replaced.
func TestPlugin_DeafProcessIsReplaced(t *testing.T) {
	t.Parallel()
	p := startPlugin(t, "deaf", func(o *PluginOptions) { o.Limit = 50 * time.Millisecond })
	first := p.proc
	long := make([]byte, 60000) // 120,000 hex digits: more than a pipe holds
	v, _, err := p.CheckFPD(ctx, vectorFN, fiscal.FormReceipt, long)
	require.NoError(t, err)
	assert.Equal(t, Unverifiable, v)
	<-first.ended
	v, _, err = p.CheckFPD(ctx, vectorFN, fiscal.FormReceipt, []byte{1})
	require.NoError(t, err)
	assert.Equal(t, Unverifiable, v)
	assert.NotSame(t, first, p.proc)
}

func TestPlugin_StartsAgainAfterACrash(t *testing.T) {
	t.Parallel()
	p := startPlugin(t, "crashes-once", func(o *PluginOptions) {
		o.Env = append(o.Env, pluginMarker+"="+t.TempDir()+"/ran")
	})
	m := fiscaltest.Protocol().Message("tb-receipt")
	o, err := p.Open(ctx, vectorFN, vectorOFD, container(t, m.Body()))
	require.NoError(t, err)
	assert.Equal(t, Unverifiable, o.FPS, "the process died of the first call")
	o, err = p.Open(ctx, vectorFN, vectorOFD, container(t, m.Body()))
	require.NoError(t, err)
	assert.Equal(t, OK, o.FPS, "the second process answers")
}

func TestPlugin_PausesBetweenStarts(t *testing.T) {
	t.Parallel()
	p := startPlugin(t, "garbage", func(o *PluginOptions) { o.Pause = time.Hour })
	m := fiscaltest.Protocol().Message("tb-receipt")
	_, err := p.Open(ctx, vectorFN, vectorOFD, container(t, m.Body()))
	require.NoError(t, err)
	<-p.proc.ended
	o, err := p.Open(ctx, vectorFN, vectorOFD, container(t, m.Body()))
	require.NoError(t, err)
	assert.Equal(t, Unverifiable, o.FPS)
	assert.Contains(t, o.Detail, errPluginDown.Error())
}

func TestPlugin_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	life, cancel := context.WithCancel(context.Background())
	p, err := StartPlugin(life, PluginOptions{Command: []string{self}, Env: []string{pluginMode + "=silent"}})
	require.NoError(t, err)
	done := make(chan Opened)
	go func() {
		o, err := p.Open(ctx, vectorFN, vectorOFD, container(t, fiscaltest.Protocol().Message("tb-receipt").Body()))
		assert.NoError(t, err)
		done <- o
	}()
	cancel()
	assert.Equal(t, Unverifiable, (<-done).FPS)
	<-p.proc.ended
	require.NoError(t, p.Close())
	v, _, err := p.CheckFPD(ctx, vectorFN, fiscal.FormReceipt, []byte{1})
	require.NoError(t, err)
	assert.Equal(t, Unverifiable, v)
}

func TestPlugin_CallerGivesUp(t *testing.T) {
	t.Parallel()
	p := startPlugin(t, "silent", nil)
	call, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := p.Open(call, vectorFN, vectorOFD, container(t, fiscaltest.Protocol().Message("tb-receipt").Body()))
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = p.CheckFPD(call, vectorFN, fiscal.FormReceipt, []byte{1})
	require.ErrorIs(t, err, context.Canceled)
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err = p.Confirm(short, confirmVector(t, "tb-confirmation", "tb-receipt"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// lockedBuffer lets a logger and a test share a buffer.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func TestPlugin_StderrGoesToTheLog(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	p := startPlugin(t, "talkative", func(o *PluginOptions) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	o, err := p.Open(ctx, vectorFN, vectorOFD, container(t, fiscaltest.Protocol().Message("tb-receipt").Body()))
	require.NoError(t, err)
	assert.Equal(t, OK, o.FPS, "a long line does not stop the process")
	require.NoError(t, p.Close())
	assert.Contains(t, log.b.String(), "first line")
}

func TestStartPlugin_Refuses(t *testing.T) {
	t.Parallel()
	_, err := StartPlugin(ctx, PluginOptions{})
	require.Error(t, err)
	_, err = StartPlugin(ctx, PluginOptions{Command: []string{t.TempDir() + "/no-such-program"}})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestServePlugin_Refuses(t *testing.T) {
	t.Parallel()
	require.Error(t, ServePlugin(ctx, scheme(), strings.NewReader("no JSON\n"), io.Discard))
	require.Error(t, ServePlugin(ctx, scheme(), strings.NewReader(strings.Repeat("x", maxPluginLine+1)), io.Discard))
	var out bytes.Buffer
	requests := `{"id":1,"call":"dance"}
{"id":2,"call":"open","container_hex":"00"}
{"id":3,"call":"confirm","request_header_hex":""}
{"id":4,"call":"fpd","form":3,"stlv_hex":"0300"}
`
	require.NoError(t, ServePlugin(ctx, scheme(), strings.NewReader(requests), &out))
	answers := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, answers, 4)
	for i, line := range answers {
		var a pluginAnswer
		require.NoError(t, json.Unmarshal([]byte(line), &a))
		assert.Equal(t, uint64(i+1), a.ID)
		assert.NotEmpty(t, a.Error)
	}
	assert.Contains(t, answers[1], `"fault":"truncated_container"`)
}

// fiscal-sign.md section 7: by setting a silent plug-in means close.
func TestPolicies_External(t *testing.T) {
	t.Parallel()
	c := container(t, fiscaltest.Protocol().Message("tb-receipt").Body())
	down := startPlugin(t, `"error":"no"`, nil)
	got, o, err := policies(t, PolicyOptions{Default: PolicyExternal, External: down}).Open(ctx, vectorFN, vectorOFD, "", c)
	require.NoError(t, err)
	assert.Equal(t, Unverifiable, o.FPS)
	assert.Equal(t, PolicyExternal, got.Policy)
	_, _, err = policies(t, PolicyOptions{Default: PolicyExternal, External: down, CloseWithoutVerdict: true}).Open(ctx, vectorFN, vectorOFD, "", c)
	require.ErrorIs(t, err, ErrRefused)

	up := startPlugin(t, "tb-gost-1", nil)
	_, o, err = policies(t, PolicyOptions{Default: PolicyExternal, External: up, CloseWithoutVerdict: true}).Open(ctx, vectorFN, vectorOFD, "", c)
	require.NoError(t, err)
	assert.Equal(t, OK, o.FPS)
}

func FuzzServePlugin(f *testing.F) {
	body := fiscaltest.Protocol().Message("tb-receipt").Hex[30:].String()
	f.Add([]byte(`{"id":1,"call":"open","fn":"9999078900005488","ofd_inn":"7704358518","container_hex":"` + body + `"}`))
	f.Add([]byte(`{"id":2,"call":"fpd","fn":"9999078900005488","form":3,"stlv_hex":"` + body[64:] + `"}`))
	f.Add([]byte(`{"id":3,"call":"confirm","request_header_hex":"` + body[:64] + `","stlv_without_1078_hex":"07000000","encrypt":true}`))
	s := scheme()
	f.Fuzz(func(t *testing.T, lines []byte) {
		var out bytes.Buffer
		if ServePlugin(ctx, s, bytes.NewReader(lines), &out) != nil {
			return
		}
		for answers := bufio.NewScanner(&out); answers.Scan(); {
			var a pluginAnswer
			require.NoError(t, json.Unmarshal(answers.Bytes(), &a))
		}
	})
}
