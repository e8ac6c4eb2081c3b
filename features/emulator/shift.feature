Feature: A shift and its limits
  A shift lasts a day at most, time goes forward, and a power cut loses nothing that was finished.

  Background:
    Given a register of FFD 1.2 with an open shift

  Rule: Receipts follow the opening by 24 hours at most (fn.md FN-031, FN-033)

    @case:K-011 @must
    Scenario: Exactly 24 hours are allowed
      When 24 hours pass
      And the register issues and sends 1 receipt
      Then the last document is a receipt with number 3
      And the operator has no remarks

    @case:K-010 @must
    Scenario: A minute more is too much, but the shift can be closed
      When 24 hours pass
      And 1 minute passes
      And the register issues 1 receipt
      Then the register refuses because of "более 24 часов"
      When the register closes the shift
      Then the last document is a shift closing with number 3

  Rule: Time does not go back, but for an hour before an opening (fn.md FN-030)

    @case:K-012 @must
    Scenario: A clock two hours behind
      When 5 hours pass
      And the register closes the shift
      And the register's clock is put 2 hours back
      And the register opens a shift
      Then the register refuses by rule FN-030

    @case:shift/an-hour-back-is-allowed @must
    Scenario: A clock one hour behind
      When 5 hours pass
      And the register closes the shift
      And the register's clock is put 1 hour back
      And the register opens a shift
      Then the last document is a shift opening with number 4

  Rule: A document is formed in one go or not at all (fn.md FN-034)

    @case:K-013 @must
    Scenario: The power fails in the middle of a document
      Given the power fails while the next document is made
      When the register issues 1 receipt
      Then the document is not finished
      When the register issues 1 receipt
      And the register closes the shift and sends it
      Then the operator keeps these documents:
        | 1 | registration report |
        | 2 | shift opening       |
        | 3 | receipt             |
        | 4 | shift closing       |
      And the operator has no remarks
