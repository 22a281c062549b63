"""What a run's training says as a whole: heat maps, one parameter's history, pictures in the space of its data.

Numbers alone, for whoever draws them: the training pane, `graphlab plot` and the TensorBoard export. Beside `series`,
which reads curves, because everything here is about many curves, or many values, at once.
"""
