package fn

import (
	"github.com/fiscalbench/fiscalbench/fiscal"
	"github.com/fiscalbench/fiscalbench/fiscal/tlv"
)

// Sets of phases that several commands share (fn.md 3.1).
const (
	registered = inFiscal | inPostFiscal | inArchive
	exchange   = inReady | inFiscal | inPostFiscal
)

// maxBlock is the longest data of 07h: a line carries 1024 bytes, a caller in the
// same process may hand over one long field whole.
const maxBlock = 30 << 10

// v11 marks what models of FFD 1.1 and above know.
const v11, v12 = fiscal.FFD11, fiscal.FFD12

// commands is fn.md 9.1 and 9.2 with the phases of 3.1.
var commands = [256]*command{
	CmdBeginRegistration: {name: "начать отчет о регистрации", min: 1, max: 1, phases: inReady | inFiscal, shift: closedShift, doc: noDoc, run: (*Device).beginRegistration},
	CmdFormRegistration:  {name: "сформировать отчет о регистрации", min: regBase, max: regBase + 1, phases: inReady | inFiscal, doc: regDoc, run: (*Device).formRegistration},
	CmdBeginCloseArchive: {name: "начать закрытие ФН", phases: inFiscal, shift: closedShift, doc: noDoc, run: (*Device).beginCloseArchive},
	CmdCloseArchive:      {name: "закрыть ФН", min: timeLen + fiscal.RegNumberLen, max: timeLen + fiscal.RegNumberLen, phases: inFiscal, doc: closeDoc, run: (*Device).closeArchive},
	CmdCancel:            {name: "отменить документ", phases: everywhere, run: (*Device).cancel},
	CmdData:              {name: "данные документа", min: tlv.HeaderLen, max: maxBlock, phases: everywhere, doc: someDoc, run: (*Device).addData},
	CmdShiftParams:       {name: "параметры смены", phases: registered, run: (*Device).shiftParams},
	CmdBeginOpenShift:    {name: "начать открытие смены", min: timeLen, max: timeLen, phases: inFiscal, shift: closedShift, doc: noDoc, run: (*Device).beginOpenShift},
	CmdOpenShift:         {name: "открыть смену", phases: inFiscal, doc: openingDoc, run: (*Device).openShift},
	CmdBeginCloseShift:   {name: "начать закрытие смены", min: timeLen, max: timeLen, phases: inFiscal, shift: openShift, doc: noDoc, run: (*Device).beginCloseShift},
	CmdCloseShift:        {name: "закрыть смену", phases: inFiscal, doc: closingDoc, run: (*Device).closeShift},
	CmdBeginReceipt:      {name: "начать чек", min: timeLen, max: timeLen, phases: inFiscal, shift: openShift, doc: noDoc, run: (*Device).beginReceipt},
	CmdFormReceipt:       {name: "сформировать чек", min: timeLen + 6, max: timeLen + 6, phases: inFiscal, doc: receiptDoc, run: (*Device).formReceipt},
	CmdBeginCorrection:   {name: "начать чек коррекции", min: timeLen, max: timeLen, phases: inFiscal, shift: openShift, doc: noDoc, run: (*Device).beginCorrection},
	CmdBeginStateReport:  {name: "начать отчет о состоянии расчетов", min: timeLen, max: timeLen, phases: inFiscal | inPostFiscal, doc: noDoc, run: (*Device).beginStateReport},
	CmdFormStateReport:   {name: "сформировать отчет о состоянии расчетов", phases: inFiscal | inPostFiscal, doc: stateDoc, run: (*Device).formStateReport},

	CmdExchangeStatus: {name: "статус обмена", phases: exchange, run: (*Device).exchangeStatus},
	CmdTransport:      {name: "состояние соединения", min: 1, max: 1, phases: exchange, run: (*Device).transport},
	CmdBeginRead:      {name: "начать чтение сообщения", phases: exchange, run: (*Device).beginRead},
	CmdReadBlock:      {name: "прочитать блок сообщения", min: 4, max: 4, phases: exchange, run: (*Device).readBlock},
	CmdCancelRead:     {name: "отменить чтение", phases: exchange, run: (*Device).cancelRead},
	CmdEndRead:        {name: "завершить чтение", phases: exchange, run: (*Device).endRead},
	CmdAck:            {name: "передать квитанцию", max: maxData, phases: exchange, run: (*Device).takeAck},

	CmdStatus:     {name: "статус ФН", phases: always, run: (*Device).status},
	CmdNumber:     {name: "номер ФН", phases: always, run: (*Device).tellNumber},
	CmdLife:       {name: "срок действия ФН", phases: everywhere, run: (*Device).life},
	CmdVersion:    {name: "версия ФН", phases: always, run: (*Device).version},
	CmdLastErrors: {name: "последние ошибки", phases: always, run: (*Device).lastErrors},

	CmdFindDocument:       {name: "найти документ", min: 4, max: 4, phases: everywhere, run: (*Device).findDocument},
	CmdFindAck:            {name: "найти квитанцию", min: 4, max: 4, phases: everywhere, run: (*Device).findAck},
	CmdUnconfirmed:        {name: "число неподтвержденных", phases: everywhere, run: (*Device).unconfirmed},
	CmdRegistrationResult: {name: "итоги регистрации", max: 1, phases: everywhere, run: (*Device).registrationResult},
	CmdRegistrationTag:    {name: "параметр регистрации", min: 2, max: 3, phases: everywhere, run: (*Device).registrationTag},
	CmdDocumentTLV:        {name: "документ в TLV", min: 4, max: 4, phases: everywhere, run: (*Device).documentTLV},
	CmdNextTLV:            {name: "следующий TLV документа", phases: everywhere, run: (*Device).nextTLV},
	CmdNextRegistration:   {name: "следующий TLV регистрации", phases: everywhere, run: (*Device).nextRegistrationTLV},
	CmdReset:              {name: "сброс", min: 1, max: 1, phases: everywhere, run: (*Device).reset},

	CmdCounters:            {name: "счетчики", min: 1, max: 1, phases: registered, model: v11, ffd: v11, run: (*Device).counters},
	CmdOperationCounters:   {name: "счетчики по признаку расчета", min: 2, max: 2, phases: registered, model: v11, ffd: v11, run: (*Device).operationCounters},
	CmdKindCounters:        {name: "счетчики по виду документа", min: 2, max: 2, phases: registered, model: v11, ffd: v11, run: (*Device).kindCounters},
	CmdUnsentCounters:      {name: "счетчики непереданных", phases: registered, model: v11, ffd: v11, run: (*Device).unsentCounters},
	CmdFFD:                 {name: "версии ФФД", phases: everywhere, model: v11, run: (*Device).versions},
	CmdDaysLeft:            {name: "остаток срока ключей", min: timeLen, max: timeLen, phases: registered, model: v11, run: (*Device).daysLeftAt},
	CmdMemoryLeft:          {name: "остаток памяти", phases: everywhere, model: v11, run: (*Device).memoryLeft},
	CmdBeginRegistrationV2: {name: "начать отчет о регистрации", min: 2, max: 2, phases: inReady | inFiscal, shift: closedShift, doc: noDoc, model: v11, run: (*Device).beginRegistrationV2},
	CmdFormRegistrationV2:  {name: "сформировать отчет о регистрации", min: regBaseV2, max: regBaseV2 + 4, phases: inReady | inFiscal, doc: regDoc, model: v11, run: (*Device).formRegistrationV2},
	CmdLineSpeed:           {name: "скорость линии", min: 1, max: 1, phases: everywhere, model: v11, run: (*Device).lineSpeed},

	CmdMarkingState:   {name: "состояние работы с КМ", phases: registered, model: v12, ffd: v12, run: (*Device).markingState},
	CmdMarkingCheck:   {name: "проверить КМ в ФН", min: 2, max: maxData, phases: inFiscal, model: v12, ffd: v12, run: withMarking((*Device).checkMark)},
	CmdMarkingKeep:    {name: "принять результат проверки", min: 1, max: 1, phases: inFiscal, model: v12, ffd: v12, run: withMarking((*Device).keepMark)},
	CmdMarkingClear:   {name: "очистить результаты проверки", phases: inFiscal, model: v12, ffd: v12, run: withMarking((*Device).clearMarks)},
	CmdMarkingRequest: {name: "сформировать запрос о КМ", min: timeLen, max: maxData, phases: inFiscal, model: v12, ffd: v12, run: withMarking((*Device).requestMark)},
	CmdMarkingAnswer:  {name: "передать ответ на запрос", max: maxData, phases: inFiscal, model: v12, ffd: v12, run: withMarking((*Device).answerMark)},
	CmdMarkingNotice:  {name: "данные уведомления", min: 1, max: maxData, phases: inFiscal, doc: receiptDoc, model: v12, ffd: v12, run: withMarking((*Device).noticeData)},

	CmdNoticeStatus:     {name: "состояние уведомлений", phases: registered, model: v12, ffd: v12, run: (*Device).noticeStatus},
	CmdNoticeBeginRead:  {name: "начать чтение уведомления", phases: registered, model: v12, ffd: v12, run: (*Device).noticeBeginRead},
	CmdNoticeReadBlock:  {name: "прочитать блок уведомления", min: 4, max: 4, phases: registered, model: v12, ffd: v12, run: (*Device).noticeReadBlock},
	CmdNoticeCancelRead: {name: "отменить чтение уведомления", phases: registered, model: v12, ffd: v12, run: (*Device).noticeCancelRead},
	CmdNoticeEndRead:    {name: "завершить чтение уведомления", phases: registered, model: v12, ffd: v12, run: (*Device).noticeEndRead},
	CmdNoticeAck:        {name: "передать квитанцию на уведомление", max: maxData, phases: registered, model: v12, ffd: v12, run: (*Device).noticeAck},
	CmdKeyRequest:       {name: "запрос обновления ключей", min: timeLen, max: timeLen, phases: registered, model: v12, ffd: v12, run: (*Device).keyRequest},
	CmdKeyAnswer:        {name: "ответ службы ключей", max: maxData, phases: registered, model: v12, ffd: v12, run: (*Device).keyAnswer},
	CmdExportBegin:      {name: "выгрузка уведомлений", max: maxData, phases: everywhere, model: v12, run: (*Device).exportNotices},
	CmdExportRead:       {name: "выгрузка уведомлений", max: maxData, phases: everywhere, model: v12, run: (*Device).exportNotices},
	CmdExportEnd:        {name: "выгрузка уведомлений", max: maxData, phases: everywhere, model: v12, run: (*Device).exportNotices},
	CmdExportConfirm:    {name: "выгрузка уведомлений", max: maxData, phases: everywhere, model: v12, run: (*Device).exportNotices},
	CmdKeyService:       {name: "служба ключей", min: 1, max: 1, phases: everywhere, model: v12, run: (*Device).keyService},
}
