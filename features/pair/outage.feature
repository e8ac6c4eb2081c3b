Feature: The operator does not answer
  A register goes on selling without its operator for a month, warns after two days, and catches up by itself.

  Rule: Sales go on while the operator is out of reach (transport.md 7.1)

    @case:K-060 @must
    Scenario: The connection is refused
      Given a register of FFD 1.05 with an open shift
      When the operator is out of reach
      And the register issues and sends 3 receipts
      Then the exchange fails
      And the drive holds 3 unsent documents
      When the operator comes back and gets what has piled up
      Then the operator keeps every document of the drive

    @case:K-061 @must
    Scenario: The operator takes messages and says nothing
      Given a register of FFD 1.2 with an open shift
      When the operator takes messages and answers nothing
      And the register issues and sends 2 receipts
      Then the exchange fails
      And the drive holds 2 unsent documents
      When the operator comes back and gets what has piled up
      Then the operator keeps every document of the drive

  Rule: After two days without a confirmation the drive warns (fn.md 6)

    @case:K-062 @must @ffd1.05 @ffd1.1 @ffd1.2
    Scenario Outline: <hours> hours of silence
      Given a registered register of FFD <ffd>
      And the operator is out of reach
      And the register makes a state report
      When <hours> hours pass
      And the register opens a shift
      Then the last document <warns> of the silent operator

      Examples:
        | ffd  | hours | warns         |
        | 1.05 | 47    | does not warn |
        | 1.05 | 48    | warns         |
        | 1.1  | 47    | does not warn |
        | 1.1  | 48    | warns         |
        | 1.2  | 47    | does not warn |
        | 1.2  | 48    | warns         |

    @case:outage/five-days-of-ffd10 @should
    Scenario Outline: A register of FFD 1.0 has five days, <hours> hours
      Given a registered careless register of FFD 1.0
      And the operator is out of reach
      And the register makes a state report
      When <hours> hours pass
      And the register opens a shift
      Then the last document <warns> of the silent operator

      Examples:
        | hours | warns         |
        | 119   | does not warn |
        | 120   | warns         |

  Rule: What was made without the operator arrives in order and is confirmed (transport.md 7.1)

    @case:outage/five-days @must
    Scenario: Five days of trade arrive at once
      Given a registered register of FFD 1.1
      And the operator is out of reach
      And the register trades for 5 days with 4 receipts a day
      When the operator comes back and gets what has piled up
      Then the operator keeps 31 documents of the drive
      And the operator received document 2 5 days after it was made
      And the operator misses no documents

    @case:O-062 @must
    Scenario: Twenty-nine days of trade arrive at once
      Given a registered register of FFD 1.05
      And the operator is out of reach
      And the register trades for 29 days with 2 receipts a day
      When the operator comes back and gets what has piled up
      Then the operator keeps every document of the drive
      And the operator misses no documents

  Rule: After thirty days without a confirmation nothing is sold until it comes (fn.md 5.4, 6)

    Background:
      Given a registered register of FFD 1.2
      And the operator is out of reach
      And the register makes a state report

    @case:K-063 @must
    Scenario: Thirty days of silence stop the register
      When 30 days pass
      And the register opens a shift
      Then the register refuses because of "не переданы в ОФД более 30 дней"
      When the register exchanges with the operator
      Then the exchange fails

    @case:outage/thirty-days-in-an-open-shift @must
    Scenario Outline: In an open shift, too, <what>
      When 708 hours pass
      And the register opens a shift
      And 12 hours pass
      And <what>
      Then the register refuses because of "не переданы в ОФД более 30 дней"

      Examples:
        | what                          |
        | the register issues 1 receipt |
        | the register closes the shift |

    @case:K-064 @must
    Scenario: Work resumes with the confirmations
      When 30 days pass
      And the operator is in reach again
      And the register opens a shift
      Then the register refuses because of "не переданы в ОФД более 30 дней"
      When the register exchanges with the operator
      And the register opens a shift
      Then the last document does not warn of the silent operator

  Rule: A report on the state of settlements says what has not been sent (fn.md 6)

    @case:outage/state-report @must
    Scenario: The state report counts unsent documents
      Given a registered register of FFD 1.2
      And the operator is out of reach
      When the register trades for 1 day with 2 receipts a day
      And the register makes a state report
      Then the last document counts 4 unsent documents

  Rule: An operator that stops its work says so in its confirmations (transport.md 8.3)

    @case:K-067 @must
    Scenario: The operator's permission ends
      Given the operator announces that it stops its work
      And a registered register of FFD 1.1
      When the register opens a shift
      And the register exchanges with the operator
      Then the confirmation announces that the operator stops its work
