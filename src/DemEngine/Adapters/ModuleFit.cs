namespace DemEngine.Adapters;

/// <summary>How well the factors of a module stand for its change.</summary>
/// <param name="Tensor">Name of the model's tensor.</param>
/// <param name="Rank">Rank of the factors.</param>
/// <param name="Norm">‖Δ‖ of the change, the square root of the sum of its squares.</param>
/// <param name="Error">‖Δ − B·A‖/‖Δ‖, with the factors as they are stored.</param>
internal sealed record ModuleFit(string Tensor, int Rank, double Norm, double Error)
{
    /// <summary>Share of ‖Δ‖² that the factors hold.</summary>
    public double Energy => 1 - (Error * Error);
}
