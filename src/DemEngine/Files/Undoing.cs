namespace DemEngine.Files;

/// <summary>Steps after which a change of names cannot stay if they fail, such as bringing it to the disk.</summary>
internal static class Undoing
{
    /// <summary>Takes a step. Where it fails, what led to it is undone, as far as the system allows.</summary>
    /// <param name="undo">Undoes what led to the step.</param>
    /// <param name="step">The step, whose error is thrown whether or not the undoing fails, too.</param>
    public static void IfFails(Action undo, Action step)
    {
        try
        {
            step();
        }
        catch
        {
            try
            {
                undo();
            }
            catch (Exception e) when (WriteError.Covers(e))
            {
                // The first error is the one to report.
            }

            throw;
        }
    }
}
