namespace DemEngine.Files;

/// <summary>Steps after which a change of names cannot stay if they fail, such as bringing it to the disk.</summary>
internal static class Undoing
{
    /// <summary>Takes a step. Where it fails, what led to it is undone, as far as the system allows.</summary>
    /// <param name="undo">Undoes what led to the step.</param>
    /// <param name="step">The step, whose error is thrown whether or not the undoing fails, too.</param>
    /// <param name="kept">
    /// Path at which lies what was there before, until it is undone; null where there was nothing before.
    /// </param>
    /// <exception cref="NotUndoneException">
    /// The undoing failed, too, so that what was there before is still at <paramref name="kept"/>.
    /// </exception>
    public static void IfFails(Action undo, Action step, string? kept = null)
    {
        try
        {
            step();
        }
        catch (Exception first)
        {
            try
            {
                undo();
            }
            catch (Exception second) when (WriteError.Covers(second))
            {
                if (kept is not null)
                    throw new NotUndoneException(first, kept);
                // The first error is the one to report.
            }

            throw;
        }
    }
}
